"""Scenes from Sentinel Hub: what to request (`plan`) and what that costs (`cost`), how to ask (`client`), and
the source itself (`source`)."""
