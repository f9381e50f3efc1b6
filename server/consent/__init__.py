"""Step 4 of a viewer's request: is every integration this content needs connected?"""
