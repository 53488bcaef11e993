"""The output layer of a neural CRF: loss and Viterbi decoding of a linear chain, in torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from benchmarks.peers.bioes import may_follow

_FORBIDDEN = -1e4


class LinearChain(nn.Module):
    """Learned transitions between BIOES tags; those that are illegal are impossible in training and decoding alike."""

    def __init__(self, tags: Sequence[str]) -> None:
        """Makes transitions of score 0, [tags, tags] from row to column, and scores of first and last tags."""
        super().__init__()
        count = len(tags)
        self.step = nn.Parameter(torch.zeros(count, count))
        self.first = nn.Parameter(torch.zeros(count))
        self.last = nn.Parameter(torch.zeros(count))
        self.register_buffer("_step_mask", _mask([[may_follow(a, b) for b in tags] for a in tags]), persistent=False)
        self.register_buffer("_first_mask", _mask([may_follow(None, b) for b in tags]), persistent=False)
        self.register_buffer("_last_mask", _mask([may_follow(a, None) for a in tags]), persistent=False)

    def _scores(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        return self.first + self._first_mask, self.step + self._step_mask, self.last + self._last_mask

    def loss(self, emissions: torch.Tensor, tags: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """Negative log likelihood of the tags, mean over the batch.

        Args:
            emissions: float [batch, tokens, tags].
            tags: int64 [batch, tokens]; anything at padding.
            real: bool [batch, tokens]; padding stands at the end.
        """
        first, step, last = self._scores()
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
        """Finds the best sequence of each sentence.

        Args:
            emissions: float [batch, tokens, tags].
            lengths: tokens of each sentence, one at least.
        """
        first, step, last = (scores.detach().numpy() for scores in self._scores())
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
        path = [(reached + last).argmax(1)]  # of the last column; padding hands the tag on
        rows = np.arange(batch)
        for pointers in reversed(back):
            path.append(pointers[rows, path[-1]])
        ordered = np.stack(path[::-1], 1)  # [batch, tokens]
        return [ordered[row, :length].tolist() for row, length in enumerate(lengths)]


def _mask(legal: Sequence[bool] | Sequence[Sequence[bool]]) -> torch.Tensor:
    return torch.where(torch.tensor(legal), 0.0, _FORBIDDEN)
