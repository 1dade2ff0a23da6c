"""The rules of prompts."""

import pytest

from inkling.models.sequence.prompt import answer_ids, answer_text, chat_text, follow_up, prompt_ids, prompt_text


class Characters:
    """A tokenizer of one token a character that records how it was called."""

    def encode(self, sequence: str, *, add_special_tokens: bool = True) -> "Characters":
        """Encodes text; special tokens are the caller's affair."""
        assert not add_special_tokens
        self.ids = [ord(character) for character in sequence]
        return self


def test_a_prompt_reads_as_the_model_was_trained() -> None:
    assert prompt_text("What is shown?") == "<|bos|>Question: What is shown? Answer:"
    assert answer_text("cat") == " cat<|eos|>"


def test_the_image_mark_and_loose_space_are_dropped() -> None:
    assert prompt_text("<image>\n What  is\nshown?") == prompt_text("What is shown?")


def test_ids_are_those_of_the_text() -> None:
    assert prompt_ids(Characters(), "Why?") == [ord(character) for character in "<|bos|>Question: Why? Answer:"]
    assert answer_ids(Characters(), "so") == [ord(character) for character in " so<|eos|>"]


@pytest.mark.parametrize("nothing", ["", " \n", "<image>"])
def test_an_empty_question_is_refused(nothing: str) -> None:
    with pytest.raises(ValueError, match="question is empty"):
        prompt_text(nothing)


def test_an_empty_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="answer is empty"):
        answer_text("  ")


def test_the_chat_template_is_that_of_training() -> None:
    history = [("What is  this?", "a disc"), ("Which colour?", "red")]
    assert chat_text("Is it large?", history, "Be brief.\n") == (
        "Question: Be brief. What is this? Answer: a disc Question: Which colour? Answer: red "
        "Question: Is it large? Answer:"
    )
    assert "<|bos|>" + chat_text("Is it large?", history) == prompt_text(follow_up(history, "Is it large?"))
    with pytest.raises(ValueError, match="the question is empty"):
        chat_text(" ", history, "Be brief.")
