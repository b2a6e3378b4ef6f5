/** GraphiQL with what this server adds: a switch between people and a panel of examples. */
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { EXAMPLES } from './examples';
import { EXAMPLES_PLUGIN } from './ExamplesPanel';
import { PersonSwitch } from './PersonSwitch';
import { fetcher } from './transport';

const PLUGINS = [EXAMPLES_PLUGIN, HISTORY_PLUGIN];
const FIRST_TABS = EXAMPLES.slice(0, 1).map((example) => ({ query: example.query }));

export function App() {
  return (
    <GraphiQL
      fetcher={fetcher}
      plugins={PLUGINS}
      visiblePlugin={EXAMPLES_PLUGIN}
      defaultTabs={FIRST_TABS}
      defaultEditorToolsVisibility="variables"
      showPersistHeadersSettings={false}
      inputValueDeprecation
      schemaDescription
    >
      <GraphiQL.Logo>
        <PersonSwitch />
      </GraphiQL.Logo>
    </GraphiQL>
  );
}
