"""lm-evaluation-harness, unmodified: log-likelihoods over completions, generation over both."""

import json

import pytest

from inkling.components.artifacts.bundle import TOKENIZER

pytestmark = pytest.mark.soak
lm_eval = pytest.importorskip("lm_eval", reason="lm-eval is not installed")
COLOURS = ["red", "green", "blue", "yellow"]
TASKS = {
    "colours": """
output_type: multiple_choice
doc_to_text: "Question: {{question}} Answer:"
doc_to_choice: "{{options}}"
doc_to_target: answer
metric_list: [{metric: acc}]
""",
    "colours_generated": """
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{options[answer]}}"
generation_kwargs: {until: ["\\n", "Question:"], max_gen_toks: 8}
metric_list: [{metric: exact_match}]
""",
}


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    from lm_eval.tasks import TaskManager

    folder = tmp_path_factory.mktemp("tasks")
    rows = [
        {"question": f"What colour is the {shape}?", "options": COLOURS, "answer": 0} for shape in ("disc", "square")
    ]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    for name, text in TASKS.items():
        data = f"task: {name}\ndataset_path: json\ntest_split: test\n"
        data += f"dataset_kwargs: {{data_files: {{test: {folder / 'rows.jsonl'}}}}}\n"
        (folder / f"{name}.yaml").write_text(data + text)
    return TaskManager(include_path=str(folder))


@pytest.fixture(scope="module")
def tokenizer(served, tmp_path_factory) -> str:
    from transformers import PreTrainedTokenizerFast

    folder = str(tmp_path_factory.mktemp("tokenizer"))
    file = str(served.bundle / TOKENIZER)
    marks = {"bos_token": "<|bos|>", "eos_token": "<|eos|>", "pad_token": "<|pad|>"}
    PreTrainedTokenizerFast(tokenizer_file=file, **marks).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("as_text", [False, True])
def test_log_likelihoods_over_completions(serving, client, tasks, tokenizer, as_text):
    arguments = f"model=inkling,base_url={serving}/v1/completions,tokenizer={tokenizer},max_length=100"
    arguments += ",tokenized_requests=False" if as_text else ""
    found = lm_eval.simple_evaluate(
        "local-completions", arguments, tasks=["colours"], task_manager=tasks, batch_size=4, log_samples=True
    )
    for sample in found["samples"]["colours"]:
        ask = [{"role": "user", "content": sample["doc"]["question"]}]
        for colour, (likelihood, _) in zip(COLOURS, sample["filtered_resps"], strict=True):
            body = {"model": "inkling", "messages": ask, "guided_choice": [colour, "red"], "logprobs": True}
            options = client.post("/v1/chat/completions", json=body).json()["choices"][0]
            if options["message"]["content"] == colour:
                tokens = options["logprobs"]["content"]
                assert likelihood == pytest.approx(sum(one["logprob"] for one in tokens), abs=1e-4)


@pytest.mark.parametrize(("model", "route"), [("local-completions", "completions"),
                                              ("local-chat-completions", "chat/completions")])  # fmt: skip
def test_generation(serving, tasks, tokenizer, model, route):
    chat = "chat" in route
    arguments = f"model=inkling,base_url={serving}/v1/{route}" + (
        "" if chat else f",tokenizer={tokenizer},max_length=100"
    )
    found = lm_eval.simple_evaluate(
        model, arguments, tasks=["colours_generated"], task_manager=tasks, apply_chat_template=chat
    )
    assert "exact_match,none" in found["results"]["colours_generated"]
