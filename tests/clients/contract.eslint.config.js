// The rules that graphql-eslint recommends for a schema, and those of Relay, with three options.
import { readFileSync } from "node:fs";

import graphql from "@graphql-eslint/eslint-plugin";
import { buildSchema, isObjectType } from "graphql";

const types = Object.values(buildSchema(readFileSync("app/schema.graphql", "utf8")).getTypeMap()).filter(isObjectType);
const values = types.filter((type) => String(type.getFields().id?.type) !== "ID!").map(({ name }) => name);

export default [
  {
    files: ["app/schema.graphql"],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: "app/schema.graphql" } } },
    plugins: { "@graphql-eslint": graphql },
    rules: {
      ...graphql.configs["flat/schema-recommended"].rules,
      ...graphql.configs["flat/schema-relay"].rules,
      // Lists that only page forward have no `last` and `before`.
      "@graphql-eslint/relay-arguments": ["error", { includeBoth: false }],
      // A list with a small fixed bound is a plain list.
      "@graphql-eslint/relay-edge-types": [
        "error",
        { withEdgeSuffix: true, shouldImplementNode: true, listTypeCanWrapOnlyEdgeType: false },
      ],
      // What has no identity is a value, read whole.
      "@graphql-eslint/strict-id-in-types": ["error", { exceptions: { types: values } }],
    },
  },
];
