"""The release commands: images are built, move from one environment's config to the next, and go.

Where to look, by the beginnings of names:

- `cli`, `commands_*`: what is typed. `*_show`: how an answer looks; the module without it knows the answer.
- `project`, `config_file`, `factory`, `recipe_files`: the project's files. `backend`, `state`, `pipelines`:
  what stacks export. `aws`, `waiting`: how AWS is asked, and waited for.
- `change`, `promotion`, `copies`, `preflight`: the line of a config that names an image, and what it takes.
- `bake*`, `builds`, `build_failure`: an image is made. `amis`, `images_list`, `parent`: which ones there are.
- `retire*`: images go; `usage*`, `user`: what they stay for.
- `plan*`, `rollout*`, `refreshes`, `live*`, `status`: servers are replaced, before, meanwhile and afterwards.
- `quarantine*`, `replacement`, `drift*`, `findings`: single servers, and what is not as declared.
"""
