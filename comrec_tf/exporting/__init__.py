"""Presets in forms that other programs run: servers, LiteRT, web pages."""
