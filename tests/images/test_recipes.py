"""A recipe names a pinned parent and documents with tests, or it is refused by file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from images import recipes
from images.problems import DocumentError
from tests.images.written import DOCUMENT, RECIPE, changed, folder, recipe, refused_recipe

UNTESTED = DOCUMENT[: DOCUMENT.index("  - name: test")]
AT = "images/recipes/image.yaml"


def test_a_recipe_is_read_with_its_documents(tmp_path: Path) -> None:
    text = changed(RECIPE, "  - one\n", "  - one\n  - {document: two, on: aws}\n  - {document: three}\n")
    read = recipe(tmp_path, text, documents_two=UNTESTED, documents_three=DOCUMENT)
    assert [(each.document.name, each.on) for each in read.components] == [
        ("one", "anywhere"), ("two", "aws"), ("three", "anywhere"),
    ]  # fmt: skip
    assert (read.name, read.architecture, read.volume_size_gib) == ("image", "arm64", 8)
    assert (read.parent.id, read.parent.owner, read.parent.suite) == (
        "ami-0123456789abcdef0", "136693071363", "bookworm",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("ami-0123456789abcdef0", "ami-123", "3: parent.id", "'ami-123' does not pin one image"),
        ("ami-0123456789abcdef0", "resolve:ssm:/debian", "3: parent.id", "does not pin one image"),
        ("ami-0123456789abcdef0", "x.x.x", "3: parent.id", "does not pin one image; write its ID: 'ami-'"),
        ("  id: ami-0123456789abcdef0\n", "", "2: parent.id", "is missing"),
        ('"136693071363"', "136693071363", "4: parent.owner", "136693071363 is not text (in quotes"),
        ('"136693071363"', "debian", "4: parent.owner", "'debian' owns no images"),
        ("bookworm", "12", "6: parent.suite", "12 is not text"),
        ("architecture: arm64", "architecture: arm", "7: architecture", "write arm64 or x86_64"),
        ("architecture: arm64", "architecture: x86_64", "7: architecture",
         "x86_64 is not that of the parent 'debian-12-arm64-*'; write arm64"),
        ("-12-arm64-", "-12-amd64-", "7: architecture", "arm64 is not that of the parent"),
        ("volumeSizeGib: 8", "volumeSizeGib: 0", "8: volumeSizeGib", "0 is too low"),
        ("volumeSizeGib: 8", "volumeSizeGib: 8.5", "8: volumeSizeGib", "'8.5' is not a whole number"),
        ("volumeSizeGib: 8", "volumeSize: 8", "8: volumeSize", "'volumeSize' is not a known key"),
        ("/dev/xvda", "xvda", "9: rootDeviceName", "'xvda'"),
        ("  - one\n", "", "10: components", "is empty; write a list"),
        ("  - one\n", "  []\n", "10: components", "is empty"),
        ("  - one\n", "  one\n", "10: components", "'one' is not a list"),
        ("  - one\n", "  - one\n  - one\n", "12: components[1]", "'one' stands there twice"),
        ("  - one\n", "  - ones\n", "11: components[0]", "is not in images/documents; did you mean one?"),
        ("  - one\n", "  - ../one\n", "11: components[0]", "'../one' is not in images/documents"),
        ("  - one\n", "  - 1\n", "11: components[0]", "1 names no document"),
        ("  - one\n", "  - {document: one, on: laptop}\n", "11: components[0].on", "write anywhere or aws"),
        ("  - one\n", "  - {document: one, with: a}\n", "11: components[0].with", "is not a known key"),
        ("An image", "''", "1: description", "'' is too short"),
        ("debian-12-arm64-*", "''", "5: parent.name", "'' is too short"),
        ("description: An image\n", "", "1: description", "is missing"),
        ("description: An image\n", "description: An image\nname: other\n", "2: name", "is the file's"),
    ],
)  # fmt: skip
def test_what_cannot_become_an_image_is_refused_by_its_line(
    tmp_path: Path, old: str, new: str, place: str, words: str
) -> None:
    said = refused_recipe(tmp_path, changed(RECIPE, old, new))[-1]
    assert said.startswith(f"{AT}:{place}: "), said
    assert words in said


def test_a_recipe_that_tests_nothing_is_refused(tmp_path: Path) -> None:
    assert refused_recipe(tmp_path, documents_one=UNTESTED) == [
        f"{AT}:10: components: no document has a test phase; what is not tested is never released"
    ]


def test_a_wrong_document_is_told_by_its_own_file(tmp_path: Path) -> None:
    said = refused_recipe(tmp_path, documents_one=changed(DOCUMENT, "name: build", "name: bild"))
    assert [each.split(": ")[0] for each in said] == ["images/documents/one.yaml:4"]


@pytest.mark.parametrize("name", ["imag", "../recipes/image", "", "/etc/passwd"])
def test_an_unknown_recipe_is_refused_with_those_there_are(tmp_path: Path, name: str) -> None:
    with pytest.raises(DocumentError, match=r"is not a recipe; (did you mean|known are) image"):
        recipes.load(folder(tmp_path), name)


def test_a_recipe_is_named_so_that_the_service_takes_the_name(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"Image.yaml:1: 'Image' is not a name; use 3 to 40 of a-z"):
        recipes.load(folder(tmp_path, recipes_Image=RECIPE), "Image")


def test_a_folder_without_recipes_says_so(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="'a' is not a recipe; there is none in images/recipes"):
        recipes.load(tmp_path / "images", "a")


def test_all_recipes_are_read_and_all_problems_told_once(tmp_path: Path) -> None:
    images = folder(tmp_path, recipes_other=RECIPE)
    assert list(recipes.load_all(images)) == ["image", "other"]
    folder(tmp_path, documents_one=changed(DOCUMENT, "name: build", "name: bild"))
    (images / "recipes" / "third.yaml").write_text("- a\n")
    with pytest.raises(DocumentError) as refused:
        recipes.load_all(images)
    assert [each.split(": ")[0] for each in refused.value.problems] == [
        "images/documents/one.yaml:4", "images/recipes/third.yaml:1",
    ]  # fmt: skip


def test_a_recipe_of_more_documents_than_the_service_takes_is_refused(tmp_path: Path) -> None:
    """A quota of Image Builder: 20 components in a recipe."""
    names = [f"doc-{number}" for number in range(21)]
    listed = "".join(f"  - {name}\n" for name in names)
    documents = {f"documents_{name}": DOCUMENT for name in names}
    said = refused_recipe(tmp_path, changed(RECIPE, "  - one\n", listed), **documents)
    assert said == [f"{AT}:10: components: has 21 entries; the most is 20"]
