"""ChampionSource: downloads the model that a run is compared with. Start with `component`."""
