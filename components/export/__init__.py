"""Turns a multimodal model into ONNX graphs and proves that they answer as it does."""
