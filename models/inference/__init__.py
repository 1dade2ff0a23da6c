"""Inference on exported graphs with ONNX Runtime; needs no torch."""
