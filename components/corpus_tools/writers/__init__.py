"""Writers of corpora, one a format. Read `writer` first; `formats` names them all."""
