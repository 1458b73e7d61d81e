"""What a request really asks: from a conversation, as clients pad it, to the words of the person."""
