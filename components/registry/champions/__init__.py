"""The champion of a model and its history.

Read `history` first: it derives the champion from the entries. `lookup` reads the history and resolves aliases,
`champion_changes` writes it, and `champions` offers promotion, rollback and notes. The design is in
docs/decisions/0003-history-decides.md.
"""
