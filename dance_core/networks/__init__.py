"""Frozen pretrained networks and what feeds them, shared by backbones and dual encoders."""
