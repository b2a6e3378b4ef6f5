/** The search of the reference: names first, then words; `/` goes to it, arrows and Enter through what it found. */
const MOST = 30;
const input = document.getElementById('search');
const found = document.getElementById('found');
const contents = document.querySelector('.contents');

let index = null;

/** Every type, member, code and example of the page, read when it is searched first. */
function places() {
  index ??= [...document.querySelectorAll('.entry, .member, .example')].map((element) => {
    const name = element.classList.contains('example')
      ? element.querySelector('.anchor').textContent.trim()
      : element.id.replace(/^error\./, '');
    const words = element.querySelector(':scope > p, :scope > dd')?.textContent.trim() ?? '';
    const kind = element.dataset.kind ?? (element.classList.contains('example') ? 'example' : '');
    return { id: element.id, name, short: name.split('.').pop().toLowerCase(), words, kind };
  });
  return index;
}

/** How well a place fits, 0 if not: its own name, the start of it, a part of it, its full name, its description. */
function score(place, wanted) {
  const name = place.name.toLowerCase();
  if (place.short === wanted || name === wanted) return 100 - name.length / 100;
  if (place.short.startsWith(wanted)) return 80 - name.length / 100;
  if (place.short.includes(wanted)) return 60 - name.length / 100;
  if (name.includes(wanted)) return 40 - name.length / 100;
  const terms = wanted.split(/\s+/);
  const all = `${name} ${place.words.toLowerCase()}`;
  return terms.every((term) => all.includes(term)) ? 20 : 0;
}

function search() {
  const wanted = input.value.trim().toLowerCase();
  const hits = wanted === '' ? [] : places()
    .map((place) => ({ place, points: score(place, wanted) }))
    .filter(({ points }) => points > 0)
    .sort((one, other) => other.points - one.points)
    .slice(0, MOST);
  found.replaceChildren(...hits.map(({ place }, at) => item(place, at === 0)));
  if (wanted !== '' && hits.length === 0) found.append(nothing(wanted));
  show(wanted !== '');
}

function item({ id, name, words, kind }, isChosen) {
  const row = document.createElement('li');
  const link = document.createElement('a');
  const code = document.createElement('code');
  const small = document.createElement('small');
  row.setAttribute('role', 'option');
  row.setAttribute('aria-selected', String(isChosen));
  link.href = `#${id}`;
  code.textContent = name;
  small.textContent = [kind, words].filter(Boolean).join(' · ');
  link.append(code, small);
  row.append(link);
  return row;
}

function nothing(wanted) {
  const row = document.createElement('li');
  row.className = 'nothing';
  row.textContent = `Nothing is called “${wanted}”, and no description says it.`;
  return row;
}

function show(isOpen) {
  found.hidden = !isOpen;
  input.setAttribute('aria-expanded', String(isOpen));
}

function chosen() {
  return found.querySelector('[aria-selected="true"]');
}

function move(step) {
  const rows = [...found.querySelectorAll('[role="option"]')];
  const next = rows[rows.indexOf(chosen()) + step];
  if (!next) return;
  chosen()?.setAttribute('aria-selected', 'false');
  next.setAttribute('aria-selected', 'true');
  next.scrollIntoView({ block: 'nearest' });
}

function leave() {
  show(false);
  input.blur();
}

input.addEventListener('input', search);
input.addEventListener('focus', search);
input.addEventListener('keydown', (event) => {
  if (event.key === 'ArrowDown') move(1);
  else if (event.key === 'ArrowUp') move(-1);
  else if (event.key === 'Enter') chosen()?.querySelector('a').click();
  else if (event.key === 'Escape') leave();
  else return;
  event.preventDefault();
});
found.addEventListener('click', leave);
document.addEventListener('click', (event) => {
  if (!event.target.closest('.search')) show(false);
});
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.target === input || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  input.select();
});

/** Shows in the contents where the address leads. */
function mark() {
  const [type] = decodeURIComponent(location.hash.slice(1)).split('.');
  const link = type && contents.querySelector(`a[href="#${CSS.escape(type)}"]`);
  contents.querySelector('[aria-current]')?.removeAttribute('aria-current');
  if (!link) return;
  link.setAttribute('aria-current', 'location');
  link.closest('details')?.setAttribute('open', '');
  link.scrollIntoView({ block: 'nearest' });
}

window.addEventListener('hashchange', mark);
mark();
