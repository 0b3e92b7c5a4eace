"""The conversion engine: texture sets in, maps out, on ONNX Runtime, without torch."""
