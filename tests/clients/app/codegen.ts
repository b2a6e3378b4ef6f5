import { readFileSync } from "node:fs";

import type { CodegenConfig } from "@graphql-codegen/cli";
import { buildSchema, printSchema } from "graphql";
import { semanticToStrict } from "graphql-sock";

/** With `T @semanticNonNull` as `T!`: such a field is null only beside an error, which clients handle first. */
const schema = printSchema(semanticToStrict(buildSchema(readFileSync("schema.graphql", "utf8"))));
const string = "string";

const config: CodegenConfig = {
  schema,
  documents: "operations/*.graphql",
  generates: {
    "generated/operations.ts": {
      plugins: ["typescript-operations", "typed-document-node"],
      config: {
        useTypeImports: true,
        strictScalars: true,
        scalars: {
          BigInt: "number",
          Blurhash: string,
          Date: string,
          DateTime: string,
          HexColor: string,
          ID: string,
          LanguageTag: string,
          TimeZone: string,
          URL: string,
        },
      },
    },
    "generated/possible_types.ts": { plugins: ["fragment-matcher"] },
    "generated/schema.json": { plugins: ["introspection"], config: { minify: true, descriptions: false } },
  },
};

export default config;
