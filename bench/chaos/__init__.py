"""Everything that can die or lie, made to, while events come in: what is lost, what happens twice."""
