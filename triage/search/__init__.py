"""Search over knowledge-base articles: words and meaning, fused by score. How it ranks: docs/knowledge.md."""
