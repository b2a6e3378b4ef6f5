"""The graph: its types, inputs and payloads; their words and limits stand in `schema.graphql`."""
