"""Cooking recipes: one JSON mapping of name to category, ingredients and steps."""

import json
from collections.abc import Iterator

from inkling.components.corpus.document import Document, Order
from inkling.components.corpus.readers.archive import single, text_of
from inkling.components.shared.storage.archives import Archive


def read_recipes(archive: Archive, order: Order) -> Iterator[Document]:
    """Yields one document per recipe: title, category, ingredients as a list, steps as a numbered list."""
    name = single(archive, "*/recipes_en-us.json")
    recipes = json.loads(text_of(archive, name))
    for key in order(recipes):
        recipe = recipes[key]
        ingredients = "\n".join(f"- {item}" for item in recipe["ingredients"])
        steps = "\n".join(f"{number}. {step}" for number, step in enumerate(recipe["steps"], 1))
        heading = f"{recipe['title']} ({recipe['category']})" if recipe["category"] else recipe["title"]
        yield Document(key, f"{heading}\n\nIngredients\n{ingredients}\n\nSteps\n{steps}")
