/** The cost of what is in the editor, field by field: its bill if it ran like this, else an estimate. */
import { pick, useGraphiQL } from '@graphiql/react';
import { useEffect, useState } from 'react';
import { bills, estimate, keyOf, type Cost, type FieldCost, type Operation } from './cost';
import { Meter } from './Meter';
import { session } from './session';

export interface Known {
  readonly cost: Cost;
  readonly hasRun: boolean;
}

const STILL_MS = 400;

/** What is known of the operation in the editor; null while it is not valid. */
export function useCost(): Known | null {
  const operation = useOperation();
  const { chosen } = session.use();
  const bill = bills.use().get(operation ? keyOf(operation) : '');
  const [estimated, setEstimated] = useState<Cost | null>(null);
  const asked = operation && !bill ? JSON.stringify(operation) : null;
  useEffect(() => {
    if (asked === null) return setEstimated(null);
    const abort = new AbortController();
    const look = () => estimate(JSON.parse(asked), abort.signal).then(setEstimated, () => undefined);
    const timer = setTimeout(() => void look(), STILL_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [asked, chosen?.handle]);
  if (bill) return { cost: bill, hasRun: true };
  return estimated && { cost: estimated, hasRun: false };
}

/** What a click on the play button would send; null if there is nothing, or the variables are not JSON yet. */
function useOperation(): Operation | null {
  const { tabs, activeTabIndex } = useGraphiQL(pick('tabs', 'activeTabIndex'));
  const tab = tabs[activeTabIndex];
  if (!tab?.query?.trim()) return null;
  try {
    const variables: unknown = tab.variables?.trim() ? JSON.parse(tab.variables) : undefined;
    return { query: tab.query, variables, operationName: tab.operationName };
  } catch {
    return null;
  }
}

export function CostView({ known }: { known: Known | null }) {
  if (known === null) return <p className="drawer-body">The operation is not valid yet, so it has no cost.</p>;
  const { cost, hasRun } = known;
  const isTooDear = cost.requested > cost.maxCost;
  return (
    <div className="drawer-body cost">
      <p className={isTooDear ? 'ceiling too-much' : 'ceiling'}>
        <Meter label="Of one operation" whole={cost.maxCost} part={cost.requested} />
        {cost.requested.toLocaleString('en')} of the {cost.maxCost.toLocaleString('en')} points one operation may cost
        {isTooDear && ': it would be refused'}
      </p>
      {cost.fields.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>Field</th>
              {hasRun && <th className="number">Actual</th>}
              <th className="number">Requested</th>
              <th aria-label="Share" />
            </tr>
          </thead>
          <tbody>
            {inTreeOrder(cost.fields).map((field) => (
              <Row key={field.path.join('.')} field={field} hasRun={hasRun} whole={cost.requested} />
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function Row({ field, hasRun, whole }: { field: FieldCost; hasRun: boolean; whole: number }) {
  const actual = field.actual ?? 0;
  return (
    <tr data-field={field.path.join('.')}>
      <th scope="row" style={{ paddingLeft: `${field.path.length - 1}em` }}>
        <a href={`/docs#${field.coordinate}`} target="_blank" rel="noopener" title={field.coordinate}>
          {field.path.at(-1)}
        </a>
      </th>
      {hasRun && <td className="number">{actual.toLocaleString('en')}</td>}
      <td className="number quiet">{field.requested.toLocaleString('en')}</td>
      <td className="share">
        <Meter label={field.coordinate} whole={whole} part={hasRun ? actual : 0} behind={field.requested} />
      </td>
    </tr>
  );
}

/** Each field below the one it belongs to; the server sends the dearest first. */
function inTreeOrder(fields: readonly FieldCost[]): FieldCost[] {
  const below = Map.groupBy(fields, (field) => field.path.slice(0, -1).join('.'));
  const walk = (path: string): FieldCost[] =>
    (below.get(path) ?? []).flatMap((field) => [field, ...walk(field.path.join('.'))]);
  return walk('');
}
