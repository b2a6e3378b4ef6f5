/** Starts the page once it knows whom it may speak for. */
import './workers';
import 'graphiql/style.css';
import './page.css';
import { createRoot } from 'react-dom/client';
import { App } from './App';
import { loadPeople } from './session';

const root = document.getElementById('page');
if (root === null) throw new Error('index.html has no element #page');

void loadPeople().then(() => createRoot(root).render(<App />));
