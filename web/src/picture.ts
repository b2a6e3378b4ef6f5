/** A picture to publish: drawn here, uploaded the way an app does it. */
import { ask } from './ask';
import BEGIN from './operations/begin_upload.graphql?raw';
import COMPLETE from './operations/complete_upload.graphql?raw';

interface Begun {
  beginUpload: {
    upload: {
      id: string;
      parts: { method: string; url: string; headers: { name: string; value: string }[] }[];
    } | null;
  } | null;
}

const SIDE = 1080;

/** The id of an upload that is complete; undefined when it is refused. */
export async function upload(token: string): Promise<string | undefined> {
  const picture = await draw();
  const input = { purpose: 'POST', contentType: picture.type, byteSize: picture.size, width: SIDE, height: SIDE };
  const begun = (await ask<Begun>(BEGIN, { input }, token))?.beginUpload?.upload;
  const part = begun?.parts[0];
  if (!begun || !part) return undefined;
  const headers = Object.fromEntries(part.headers.map(({ name, value }) => [name, value]));
  await fetch(part.url, { method: part.method, headers, body: picture });
  await ask(COMPLETE, { input: { uploadId: begun.id } }, token);
  return begun.id;
}

/** A JPEG of two colours that fade into each other, different each time. */
async function draw(): Promise<Blob> {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIDE;
  const pen = canvas.getContext('2d');
  if (pen === null) throw new Error('This browser cannot draw.');
  const hue = Math.floor(Math.random() * 360);
  const fade = pen.createLinearGradient(0, 0, SIDE, SIDE);
  fade.addColorStop(0, `hsl(${hue} 80% 60%)`);
  fade.addColorStop(1, `hsl(${hue + 70} 70% 30%)`);
  pen.fillStyle = fade;
  pen.fillRect(0, 0, SIDE, SIDE);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('No picture.'))), 'image/jpeg', 0.85);
  });
}
