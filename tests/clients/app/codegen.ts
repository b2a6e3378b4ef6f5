import type { CodegenConfig } from "@graphql-codegen/cli";

const string = "string";

const config: CodegenConfig = {
  schema: "schema.graphql",
  documents: "operations/*.graphql",
  generates: {
    "generated/operations.ts": {
      plugins: ["typescript-operations", "typed-document-node"],
      config: {
        useTypeImports: true,
        strictScalars: true,
        nullability: { errorHandlingClient: true },
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
