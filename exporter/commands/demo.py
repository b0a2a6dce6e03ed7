"""a simulated CS141 with BACS and the exporter on it, on this machine alone"""
