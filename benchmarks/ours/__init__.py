"""The project's own tagger behind the interface of the peers, trained by the code that the pipeline's nodes call."""
