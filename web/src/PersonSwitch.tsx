/** Who the operations are sent for: a choice of seeded people, or a field for a token where there are none. */
import { useGraphiQLActions } from '@graphiql/react';
import { choose, session, typeToken } from './session';

export function PersonSwitch() {
  const { people, chosen } = session.use();
  return (
    <div className={chosen ? 'person signed-in' : 'person'}>{people.length > 0 ? <People /> : <TokenField />}</div>
  );
}

function People() {
  const { people, chosen } = session.use();
  const { stop } = useGraphiQLActions();
  return (
    <label>
      {chosen ? 'Signed in as' : 'You are'}
      <select
        aria-label="Person"
        value={chosen?.handle ?? ''}
        onChange={(event) => {
          stop();
          choose(event.target.value);
        }}
      >
        {people.map(({ handle }) => (
          <option key={handle} value={handle}>
            {handle}
          </option>
        ))}
        <option value="">signed out</option>
      </select>
    </label>
  );
}

function TokenField() {
  return (
    <label>
      Access token
      <input
        type="password"
        aria-label="Access token"
        autoComplete="off"
        spellCheck={false}
        placeholder="signed out"
        onChange={(event) => typeToken(event.target.value.trim())}
      />
    </label>
  );
}
