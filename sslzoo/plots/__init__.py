"""Pictures of records, of embeddings and of enlarged images. Matplotlib is imported when one is
drawn.
"""
