"""Inference: one contract over batches, with an engine of torch and one of ONNX Runtime."""
