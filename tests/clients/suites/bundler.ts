// What a bundler does for an app: artifacts of relay-compiler name each other without the end of the file name.
import { registerHooks } from "node:module";

registerHooks({
  resolve: (name, context, next) => next(name.endsWith(".graphql") ? `${name}.ts` : name, context),
});
