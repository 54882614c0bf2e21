"""Fitted pipelines as ONNX files, which run without Python."""
