/** The panel of examples: one click opens one in a tab, with values that exist. */
import { pick, useGraphiQL, useGraphiQLActions, type GraphiQLPlugin } from '@graphiql/react';
import { useEffect } from 'react';
import { EXAMPLES, type Example } from './examples';
import { fill } from './samples';

export const EXAMPLES_PLUGIN: GraphiQLPlugin = { title: 'Examples', icon: ExamplesIcon, content: ExamplesPanel };

const GROUPS = Map.groupBy(EXAMPLES, (example) => example.group);

function ExamplesPanel() {
  const open = useOpenExample();
  const { tabs, activeTabIndex } = useGraphiQL(pick('tabs', 'activeTabIndex'));
  const shown = tabs[activeTabIndex]?.title;
  useLinked(open);
  return (
    <section aria-label="Examples" className="examples">
      <h2>Examples</h2>
      <p>A click opens one in a tab, filled in with what the person on the right sees right now. Then press play.</p>
      {[...GROUPS].map(([group, examples]) => (
        <section key={group} aria-label={group}>
          <h3>{group}</h3>
          <ul>
            {examples.map((example) => (
              <li key={example.name}>
                <button
                  type="button"
                  data-operation={example.name}
                  aria-current={example.name === shown}
                  title={example.hint}
                  onClick={() => void open(example)}
                >
                  <strong>{example.title}</strong>
                  <span className={`kind ${example.kind}`}>{example.kind}</span>
                  <small>{example.hint}</small>
                </button>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </section>
  );
}

/** Opens the example that the address names, as the links of the reference do. */
function useLinked(open: (example: Example) => Promise<void>): void {
  const { queryEditor, variableEditor } = useGraphiQL(pick('queryEditor', 'variableEditor'));
  useEffect(() => {
    const linked = EXAMPLES.find((example) => `#${example.name}` === location.hash);
    if (!linked || !queryEditor || !variableEditor) return;
    history.replaceState(null, '', location.pathname);
    void open(linked);
  }, [queryEditor, variableEditor]);
}

/** Opens an example in its own tab; one that is open already is put back as it was, with fresh values. */
function useOpenExample(): (example: Example) => Promise<void> {
  const { addTab, changeTab, setOperationFacts } = useGraphiQLActions();
  const { tabs, queryEditor, variableEditor } = useGraphiQL(pick('tabs', 'queryEditor', 'variableEditor'));
  return async (example) => {
    const variables = await fill(example.variables);
    const index = tabs.findIndex((tab) => tab.title === example.name);
    if (index < 0) addTab();
    else changeTab(index);
    queryEditor?.setValue(example.query);
    variableEditor?.setValue(variables);
    // GraphiQL notices a new text after 100 ms; a quicker click on its play button must not run the old one.
    setOperationFacts({
      documentAST: example.document,
      operationName: example.name,
      operations: [example.operation],
    });
  };
}

function ExamplesIcon() {
  return (
    <svg viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round">
      <path d="M3 3.5h14v4.5H3zM3 11h6v5.5H3zM12 11h5v5.5h-5z" />
    </svg>
  );
}
