// Every way in which a page can make a browser send a request to another site. When the browser has reported that the
// attempt is over, each way returns what the page could read of the answer: '' for nothing.
// A target is {url, fields}: the URL of the call, and the same call as fields of a form.

function insertAndWait(element, insert) {
  return new Promise(resolve => {
    element.onload = element.onerror = () => resolve();
    element.onloadeddata = element.onloadedmetadata = () => resolve();
    insert();
  });
}

async function element(tag, attributes, read = () => '') {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  await insertAndWait(made, () => document.body.append(made));
  const found = read(made);
  made.remove();
  return found;
}

function readOrEmpty(read) {
  try { return read() ?? ''; } catch { return ''; }
}

const frameText = frame => readOrEmpty(() => frame.contentDocument.body.innerText);

async function form({url, fields}, attributes) {
  const frame = document.createElement('iframe');
  frame.name = `frame${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  document.body.append(frame);
  await insertAndWait(frame, () => submitForm({url, fields}, {target: frame.name, ...attributes}));
  const found = frameText(frame);
  frame.remove();
  return found;
}

async function fetchText(url, options) {
  try {
    const answer = await fetch(url, {credentials: 'include', ...options});
    return await answer.text();
  } catch {
    return '';
  }
}

function beacon({url, fields}, type) {
  const marked = new URL(url);
  marked.searchParams.set('beacon', crypto.getRandomValues(new Uint32Array(1))[0]);
  return new Promise(resolve => {
    new PerformanceObserver((list, observer) => {
      if (!list.getEntriesByName(marked.href).length) return;
      observer.disconnect();
      resolve('');
    }).observe({type: 'resource', buffered: true});
    navigator.sendBeacon(marked.href, new Blob([new URLSearchParams(fields)], {type}));
  });
}

function stream({url}) {
  return new Promise(resolve => {
    const source = new EventSource(url, {withCredentials: true});
    const end = found => { source.close(); resolve(found); };
    source.onopen = () => end('opened');
    source.onmessage = message => end(message.data);
    source.onerror = () => end('');
  });
}

function socket({url}) {
  return new Promise(resolve => {
    const made = new WebSocket(url.replace('http:', 'ws:'));
    made.onopen = () => { made.close(); resolve('opened'); };
    made.onerror = made.onclose = () => resolve('');
  });
}

function worker({url}) {
  const code = `try { importScripts(${JSON.stringify(url)}); postMessage('loaded'); } catch { postMessage(''); }`;
  return new Promise(resolve => {
    const made = new Worker(URL.createObjectURL(new Blob([code])));
    made.onmessage = message => { made.terminate(); resolve(message.data); };
    made.onerror = () => { made.terminate(); resolve(''); };
  });
}

const URLENCODED = 'application/x-www-form-urlencoded';
const SIGNED = {
  'authorization': 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sns/aws4_request, SignedHeaders=host, Signature=0',
};
const JSON_CALL = {'x-amz-target': 'AWSStepFunctions.StartExecution', 'content-type': 'application/x-amz-json-1.0'};
const body = fields => new URLSearchParams(fields);

const WAYS = {
  'image': ({url}) => element('img', {src: url}, made => made.naturalWidth ? 'size' : ''),
  'script': ({url}) => element('script', {src: url}),
  'module': ({url}) => element('script', {src: url, type: 'module'}),
  'stylesheet': ({url}) => element('link', {rel: 'stylesheet', href: url}, made => readOrEmpty(() => made.sheet.cssRules.length && 'rules')),
  'prefetch': ({url}) => element('link', {rel: 'prefetch', href: url}),
  'preload': ({url}) => element('link', {rel: 'preload', as: 'script', href: url}),
  'video': ({url}) => element('video', {src: url, preload: 'auto'}),
  'object': ({url}) => element('object', {data: url}, frameText),
  'embed': ({url}) => element('embed', {src: url}),
  'frame': ({url}) => element('iframe', {src: url}, frameText),
  'frame in a sandbox': ({url}) => element('iframe', {src: url, sandbox: 'allow-scripts allow-forms'}, frameText),
  'frame without referrer': ({url}) => element('iframe', {src: url, referrerpolicy: 'no-referrer'}, frameText),
  'form by GET': target => form(target, {method: 'get'}),
  'form': target => form(target, {method: 'post', enctype: URLENCODED}),
  'form of parts': target => form(target, {method: 'post', enctype: 'multipart/form-data'}),
  'form of text': target => form(target, {method: 'post', enctype: 'text/plain'}),
  'fetch': ({url}) => fetchText(url, {mode: 'no-cors'}),
  'fetch without referrer': ({url}) => fetchText(url, {mode: 'no-cors', referrerPolicy: 'no-referrer'}),
  'fetch HEAD': ({url}) => fetchText(url, {mode: 'no-cors', method: 'HEAD'}),
  'fetch POST': ({url, fields}) => fetchText(url, {mode: 'no-cors', method: 'POST', body: body(fields)}),
  'fetch POST of text': ({url, fields}) => fetchText(url, {mode: 'no-cors', method: 'POST', body: String(body(fields))}),
  'fetch POST with headers': ({url, fields}) =>
    fetchText(url, {mode: 'no-cors', method: 'POST', body: body(fields), headers: {...SIGNED, ...JSON_CALL}}),
  'fetch with CORS': ({url}) => fetchText(url, {mode: 'cors'}),
  'fetch POST with CORS': ({url, fields}) => fetchText(url, {mode: 'cors', method: 'POST', body: body(fields)}),
  'fetch PUT with CORS': ({url, fields}) => fetchText(url, {mode: 'cors', method: 'PUT', body: body(fields)}),
  'fetch DELETE with CORS': ({url}) => fetchText(url, {mode: 'cors', method: 'DELETE'}),
  'fetch that is signed': ({url, fields}) =>
    fetchText(url, {mode: 'cors', method: 'POST', body: body(fields), headers: {...SIGNED, 'content-type': URLENCODED}}),
  'fetch of JSON': ({url, fields}) =>
    fetchText(url, {mode: 'cors', method: 'POST', body: JSON.stringify(fields), headers: {...SIGNED, ...JSON_CALL}}),
  'beacon': target => beacon(target, URLENCODED),
  'beacon of text': target => beacon(target, 'text/plain'),
  'stream': stream,
  'socket': socket,
  'worker': worker,
};

// The same for navigations, which replace the page; the test waits for the new page.
function submitForm({url, fields}, attributes) {
  const made = Object.assign(document.createElement('form'), {action: url}, attributes);
  for (const [name, value] of Object.entries(fields)) {
    made.append(Object.assign(document.createElement('input'), {type: 'hidden', name, value}));
  }
  document.body.append(made);
  made.submit();
}

const NAVIGATIONS = {
  'address': ({url}) => { location.href = url; },
  'form by GET': target => submitForm(target, {method: 'get'}),
  'form': target => submitForm(target, {method: 'post', enctype: URLENCODED}),
  'form of parts': target => submitForm(target, {method: 'post', enctype: 'multipart/form-data'}),
  'form of text': target => submitForm(target, {method: 'post', enctype: 'text/plain'}),
};

const TIMEOUT_MILLISECONDS = 120_000;

// Returns what each way read of each target, or null if the browser never reported that the attempt is over.
async function attack(targets) {
  const attempts = Object.entries(WAYS).flatMap(([way, go]) => targets.map(target => [way, target, go]));
  return Promise.all(attempts.map(async ([way, target, go]) => {
    const timeout = new Promise(resolve => setTimeout(() => resolve(null), TIMEOUT_MILLISECONDS));
    return [way, target.url, await Promise.race([go(target), timeout])];
  }));
}
