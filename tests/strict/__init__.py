"""Providers on loopback, as strict as the real ones: OpenAI, Azure, Anthropic, Gemini and Cohere.

    async with Provider(anthropic) as provider:
        ... provider.url ...        # where requests go, without a path
        ... provider.calls ...      # what came, and
        ... provider.refused ...    # why some of it was refused

A `Wire` reads one provider's requests and writes its answers; `script.py` says what the model answers.
"""
