"""Network of the BiLSTM-CRF peer, and its output layer: a linear-chain CRF in torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from benchmarks.peers.bilstm_vocabulary import CASES, PAD, may_follow

_FORBIDDEN = -1e4


class Inputs(NamedTuple):
    """Batch of sentences in any order.

    Attributes:
        words: int64 [batch, tokens], 0 at padding.
        cases: int64 [batch, tokens], 0 at padding.
        spellings: int64 [distinct tokens + 1, characters]; the first row is padding's.
        tokens: int64 [batch, tokens], rows of `spellings`.
        lengths: int64 [batch].
    """

    words: torch.Tensor
    cases: torch.Tensor
    spellings: torch.Tensor
    tokens: torch.Tensor
    lengths: torch.Tensor


class Sizes(NamedTuple):
    """Layer sizes and dropout rate; `width` is that of one direction."""

    word_dim: int = 100
    case_dim: int = 8
    char_dim: int = 30
    char_filters: int = 50
    width: int = 200
    dropout: float = 0.5


class BilstmNetwork(nn.Module):
    """Word, case and character embeddings, a convolution over characters, a BiLSTM, and a CRF over BIOES tags.

    Ma and Hovy (2016), "End-to-end Sequence Labeling via Bi-directional LSTM-CNNs-CRF", without pretrained vectors.
    """

    def __init__(self, words: int, chars: int, tags: Sequence[str], sizes: Sizes | None = None) -> None:
        """Creates random weights.

        Args:
            words: number of word ids.
            chars: number of character ids.
            tags: BIOES tags.
            sizes: layer sizes and dropout; the defaults are those of the paper.
        """
        super().__init__()
        sizes = sizes or Sizes()
        self.word_embedding = nn.Embedding(words, sizes.word_dim, padding_idx=PAD)
        self.case_embedding = nn.Embedding(CASES, sizes.case_dim, padding_idx=PAD)
        self.char_embedding = nn.Embedding(chars, sizes.char_dim, padding_idx=PAD)
        self.char_convolution = nn.Conv1d(sizes.char_dim, sizes.char_filters, kernel_size=3, padding=1)
        self.dropout = nn.Dropout(sizes.dropout)
        features = sizes.word_dim + sizes.case_dim + sizes.char_filters
        self.lstm = nn.LSTM(features, sizes.width, batch_first=True, bidirectional=True)
        self.emission = nn.Linear(2 * sizes.width, len(tags))
        self.chain = LinearChain(tags)
        for embedding in (self.word_embedding, self.case_embedding, self.char_embedding):
            bound = (3 / embedding.embedding_dim) ** 0.5
            nn.init.uniform_(embedding.weight, -bound, bound)
            with torch.no_grad():
                embedding.weight[PAD] = 0

    def forward(self, inputs: Inputs) -> torch.Tensor:
        """Returns emissions, float [batch, tokens, tags]."""
        vectors = [
            self.word_embedding(inputs.words),
            self.case_embedding(inputs.cases),
            self._spelled(inputs.spellings)[inputs.tokens],
        ]
        x = self.dropout(torch.cat(vectors, 2))  # [batch, tokens, features]
        packed = pack_padded_sequence(x, inputs.lengths, batch_first=True, enforce_sorted=False)
        x, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.emission(self.dropout(x))

    def _spelled(self, spellings: torch.Tensor) -> torch.Tensor:
        """Returns float [distinct tokens + 1, filters]; each distinct token of the batch is computed once."""
        filtered = self.char_convolution(
            self.char_embedding(spellings).transpose(1, 2)
        )  # [distinct, filters, characters]
        padding = (spellings == PAD).unsqueeze(1)
        padding = padding & (torch.arange(spellings.shape[1]) > 0)  # keeps one character in a row of padding
        return filtered.masked_fill(padding, -torch.inf).amax(2)


class LinearChain(nn.Module):
    """Linear-chain CRF with learned transitions between BIOES tags; invalid transitions are impossible."""

    def __init__(self, tags: Sequence[str]) -> None:
        """Creates scores of 0: transitions [tags, tags] from row to column, first tags, last tags."""
        super().__init__()
        count = len(tags)
        self.step = nn.Parameter(torch.zeros(count, count))
        self.first = nn.Parameter(torch.zeros(count))
        self.last = nn.Parameter(torch.zeros(count))
        self.register_buffer("_step_mask", _mask([[may_follow(a, b) for b in tags] for a in tags]), persistent=False)
        self.register_buffer("_first_mask", _mask([may_follow(None, b) for b in tags]), persistent=False)
        self.register_buffer("_last_mask", _mask([may_follow(a, None) for a in tags]), persistent=False)

    def scores(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Returns the scores of first tags, transitions and last tags."""
        return self.first + self._first_mask, self.step + self._step_mask, self.last + self._last_mask

    def loss(self, emissions: torch.Tensor, tags: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """Returns the negative log likelihood of the tags, mean over the batch.

        Args:
            emissions: float [batch, tokens, tags].
            tags: int64 [batch, tokens]; any value at padding.
            real: bool [batch, tokens]; padding is at the end.
        """
        first, step, last = self.scores()
        own = emissions.gather(2, tags.unsqueeze(2)).squeeze(2)  # [batch, tokens]
        moves = step[tags[:, :-1], tags[:, 1:]]  # [batch, tokens - 1]
        end = tags.gather(1, real.sum(1, keepdim=True) - 1).squeeze(1)  # [batch]
        gold = first[tags[:, 0]] + (own * real).sum(1) + (moves * real[:, 1:]).sum(1) + last[end]
        reached = first + emissions[:, 0]  # [batch, tags]
        for time in range(1, emissions.shape[1]):
            moved = torch.logsumexp(reached.unsqueeze(2) + step, 1) + emissions[:, time]
            reached = torch.where(real[:, time : time + 1], moved, reached)
        return (torch.logsumexp(reached + last, 1) - gold).mean()

    def decode(self, emissions: torch.Tensor, lengths: Sequence[int]) -> list[list[int]]:
        """Returns the best sequence of each sentence.

        Args:
            emissions: float [batch, tokens, tags].
            lengths: tokens of each sentence, at least one.
        """
        first, step, last = (scores.detach().numpy() for scores in self.scores())
        scores = emissions.numpy()
        batch, width = scores.shape[:2]
        ends = np.asarray(lengths)
        reached, back = scores[:, 0] + first, []
        for time in range(1, width):
            moved = reached[:, :, None] + step  # [batch, before, after]
            best = moved.argmax(1)
            real = (time < ends)[:, None]
            back.append(np.where(real, best, np.arange(best.shape[1])))
            reached = np.where(real, moved.max(1) + scores[:, time], reached)
        path = [(reached + last).argmax(1)]  # of the last column; padding passes the tag on
        rows = np.arange(batch)
        for pointers in reversed(back):
            path.append(pointers[rows, path[-1]])
        ordered = np.stack(path[::-1], 1)  # [batch, tokens]
        return [ordered[row, :length].tolist() for row, length in enumerate(lengths)]


def _mask(valid: Sequence[bool] | Sequence[Sequence[bool]]) -> torch.Tensor:
    return torch.where(torch.tensor(valid), 0.0, _FORBIDDEN)
