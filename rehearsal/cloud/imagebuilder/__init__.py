"""EC2 Image Builder: components, recipes and pipelines, and the builds that make AMIs of them.

- A request comes to `responses` or `image_requests`; `requests` reads it and holds it against
  the `shapes` of the service.
- `models` keeps `resources` by their `arns`; what AWS refuses `checks`, `recipes` and `documents` refuse.
- `runs` starts a build, by hand or by a schedule (`expressions`); `builds` takes it through its states and
  `workflows`. `stages` is what each step does, with `machines`, the `runner` of `scripts`, and `output`.
"""
