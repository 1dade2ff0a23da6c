"""The visual embedding table: a token that is surely one row is that row, and every token shares itself out whole."""

import pytest
import torch

from inkling.models.connectors import CONNECTORS
from inkling.models.connectors.contract import Connector

WORDS, HIDDEN_SIZE, TOKENS = 12, 8, 4
INPUTS = {"grid": (TOKENS, WORDS)}


def built(**settings: object) -> Connector:
    torch.manual_seed(0)
    connector: Connector = CONNECTORS.read({"type": "embedding_table", "rows": WORDS, **settings}).build(
        INPUTS, HIDDEN_SIZE
    )
    return connector


def test_a_token_that_is_one_word_has_that_words_embedding() -> None:
    """As many rows as the vocabulary has, a head that knows the word: the image token is the word's embedding."""
    embeddings = 0.02 * torch.randn(WORDS, HIDDEN_SIZE)
    connector = built(temperature=0.01)
    connector.match_embeddings(embeddings)
    words = torch.randint(WORDS, (3, TOKENS))
    with torch.no_grad():
        connector.head[0].weight.copy_(torch.eye(WORDS))
        tokens = connector(torch.nn.functional.one_hot(words, WORDS).float())
    assert torch.allclose(tokens - connector.positions, embeddings[words], atol=1e-7)


def test_rows_and_not_tokens_share_a_token() -> None:
    shares = built().distribution(torch.randn(3, TOKENS, WORDS))
    assert shares.shape == (3, TOKENS, WORDS)
    assert torch.allclose(shares.sum(2), torch.ones(3, TOKENS), atol=1e-6)
    assert not torch.allclose(shares.sum(1), torch.ones(3, WORDS), atol=1e-2)


def test_a_lower_temperature_leaves_fewer_rows() -> None:
    image = torch.randn(3, TOKENS, WORDS)

    def perplexity(temperature: float) -> float:
        shares = built(temperature=temperature).distribution(image).detach()
        return float((-(shares * shares.clamp_min(1e-12).log()).sum(2)).exp().mean())

    assert WORDS > perplexity(2.0) > perplexity(1.0) > perplexity(0.1) >= 1


@pytest.mark.parametrize(("vocabulary", "taken"), [(5, 5), (40, WORDS)])
def test_the_table_begins_with_words_from_all_over_the_vocabulary(vocabulary: int, taken: int) -> None:
    embeddings = torch.randn(vocabulary, HIDDEN_SIZE)
    connector, random = built(), built(start="random")
    before = random.table.detach().clone()
    for one in (connector, random):
        one.match_embeddings(embeddings)
    rows = connector.table.detach() * embeddings.std()
    found = torch.cdist(rows[:taken], embeddings).argmin(1)
    assert torch.allclose(rows[:taken], embeddings[found], atol=1e-6)
    assert len(set(found.tolist())) == taken and found[0] == 0 and found[-1] >= vocabulary - 1 - vocabulary // taken
    assert torch.equal(connector.table[taken:], before[taken:]) and torch.equal(random.table, before)


def test_features_of_different_words_come_to_use_different_rows() -> None:
    """Trained to tell six planted words apart, it does not collapse to a row: usage has more than two bits."""
    connector, target = built(rows=32), torch.randn(6, HIDDEN_SIZE)
    codes = torch.randn(6, WORDS)
    optimiser = torch.optim.Adam(connector.parameters(), 3e-2)
    for _ in range(120):
        words = torch.randint(6, (16, TOKENS))
        shown = connector.contents(codes[words] + 0.1 * torch.randn(16, TOKENS, WORDS))
        loss = (shown - target[words]).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    usage = connector.distribution(codes[torch.arange(6)[:, None].expand(6, TOKENS)]).detach().mean((0, 1))
    assert float(loss.detach()) < 0.2
    assert float(-(usage * usage.clamp_min(1e-12).log2()).sum()) > 2
