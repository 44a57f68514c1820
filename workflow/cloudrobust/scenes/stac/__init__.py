"""Scenes from STAC APIs: which catalogues (`presets`), what their items say (`items`), who grants access
(`access`), and the source itself (`source`)."""
