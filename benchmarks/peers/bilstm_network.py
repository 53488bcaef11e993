"""The network of the BiLSTM-CRF peer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from benchmarks.peers.bilstm_vocabulary import CASES, PAD
from benchmarks.peers.linear_chain import LinearChain


class Inputs(NamedTuple):
    """A batch; sentences in any order.

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


class BilstmNetwork(nn.Module):
    """Word, case and character embeddings, a convolution over characters, a BiLSTM, and a CRF over BIOES tags.

    Ma and Hovy (2016), "End-to-end Sequence Labeling via Bi-directional LSTM-CNNs-CRF", without pretrained vectors.
    """

    def __init__(
        self,
        words: int,
        chars: int,
        tags: Sequence[str],
        word_dim: int = 100,
        case_dim: int = 8,
        char_dim: int = 30,
        char_filters: int = 50,
        width: int = 200,
        dropout: float = 0.5,
    ) -> None:
        """Makes fresh weights; `words` and `chars` count ids, `width` is that of one direction."""
        super().__init__()
        self.word_embedding = nn.Embedding(words, word_dim, padding_idx=PAD)
        self.case_embedding = nn.Embedding(CASES, case_dim, padding_idx=PAD)
        self.char_embedding = nn.Embedding(chars, char_dim, padding_idx=PAD)
        self.char_convolution = nn.Conv1d(char_dim, char_filters, kernel_size=3, padding=1)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(word_dim + case_dim + char_filters, width, batch_first=True, bidirectional=True)
        self.emission = nn.Linear(2 * width, len(tags))
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
        """Float [distinct tokens + 1, filters]: each token is read once, however often it stands in the batch."""
        found = self.char_convolution(self.char_embedding(spellings).transpose(1, 2))  # [distinct, filters, characters]
        padding = (spellings == PAD).unsqueeze(1)
        padding = padding & (torch.arange(spellings.shape[1]) > 0)  # a row of padding only has a largest value, too
        return found.masked_fill(padding, -torch.inf).amax(2)
