// Everything that a page can have a browser send to another site. Each way returns, once the browser has told that the
// attempt is over, what the page could read of the answer: '' for nothing.
// A target is {url, fields}: the URL of the call, and the same call as fields of a form.

function over(element, put) {
  return new Promise(resolve => {
    element.onload = element.onerror = () => resolve();
    element.onloadeddata = element.onloadedmetadata = () => resolve();
    put();
  });
}

async function element(tag, attributes, read = () => '') {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  await over(made, () => document.body.append(made));
  const found = read(made);
  made.remove();
  return found;
}

function tried(read) {
  try { return read() ?? ''; } catch { return ''; }
}

const inside = frame => tried(() => frame.contentDocument.body.innerText);

async function form({url, fields}, attributes) {
  const frame = document.createElement('iframe');
  frame.name = `frame${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  document.body.append(frame);
  await over(frame, () => submitted({url, fields}, {target: frame.name, ...attributes}));
  const found = inside(frame);
  frame.remove();
  return found;
}

async function fetched(url, options) {
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
  'stylesheet': ({url}) => element('link', {rel: 'stylesheet', href: url}, made => tried(() => made.sheet.cssRules.length && 'rules')),
  'prefetch': ({url}) => element('link', {rel: 'prefetch', href: url}),
  'preload': ({url}) => element('link', {rel: 'preload', as: 'script', href: url}),
  'video': ({url}) => element('video', {src: url, preload: 'auto'}),
  'object': ({url}) => element('object', {data: url}, inside),
  'embed': ({url}) => element('embed', {src: url}),
  'frame': ({url}) => element('iframe', {src: url}, inside),
  'frame in a sandbox': ({url}) => element('iframe', {src: url, sandbox: 'allow-scripts allow-forms'}, inside),
  'frame without referrer': ({url}) => element('iframe', {src: url, referrerpolicy: 'no-referrer'}, inside),
  'form by GET': target => form(target, {method: 'get'}),
  'form': target => form(target, {method: 'post', enctype: URLENCODED}),
  'form of parts': target => form(target, {method: 'post', enctype: 'multipart/form-data'}),
  'form of text': target => form(target, {method: 'post', enctype: 'text/plain'}),
  'fetch': ({url}) => fetched(url, {mode: 'no-cors'}),
  'fetch without referrer': ({url}) => fetched(url, {mode: 'no-cors', referrerPolicy: 'no-referrer'}),
  'fetch HEAD': ({url}) => fetched(url, {mode: 'no-cors', method: 'HEAD'}),
  'fetch POST': ({url, fields}) => fetched(url, {mode: 'no-cors', method: 'POST', body: body(fields)}),
  'fetch POST of text': ({url, fields}) => fetched(url, {mode: 'no-cors', method: 'POST', body: String(body(fields))}),
  'fetch POST with headers': ({url, fields}) =>
    fetched(url, {mode: 'no-cors', method: 'POST', body: body(fields), headers: {...SIGNED, ...JSON_CALL}}),
  'fetch with CORS': ({url}) => fetched(url, {mode: 'cors'}),
  'fetch POST with CORS': ({url, fields}) => fetched(url, {mode: 'cors', method: 'POST', body: body(fields)}),
  'fetch PUT with CORS': ({url, fields}) => fetched(url, {mode: 'cors', method: 'PUT', body: body(fields)}),
  'fetch DELETE with CORS': ({url}) => fetched(url, {mode: 'cors', method: 'DELETE'}),
  'fetch that is signed': ({url, fields}) =>
    fetched(url, {mode: 'cors', method: 'POST', body: body(fields), headers: {...SIGNED, 'content-type': URLENCODED}}),
  'fetch of JSON': ({url, fields}) =>
    fetched(url, {mode: 'cors', method: 'POST', body: JSON.stringify(fields), headers: {...SIGNED, ...JSON_CALL}}),
  'beacon': target => beacon(target, URLENCODED),
  'beacon of text': target => beacon(target, 'text/plain'),
  'stream': stream,
  'socket': socket,
  'worker': worker,
};

// The same for what replaces the page: the new page is for the test to wait for.
function submitted({url, fields}, attributes) {
  const made = Object.assign(document.createElement('form'), {action: url}, attributes);
  for (const [name, value] of Object.entries(fields)) {
    made.append(Object.assign(document.createElement('input'), {type: 'hidden', name, value}));
  }
  document.body.append(made);
  made.submit();
}

const NAVIGATIONS = {
  'address': ({url}) => { location.href = url; },
  'form by GET': target => submitted(target, {method: 'get'}),
  'form': target => submitted(target, {method: 'post', enctype: URLENCODED}),
  'form of parts': target => submitted(target, {method: 'post', enctype: 'multipart/form-data'}),
  'form of text': target => submitted(target, {method: 'post', enctype: 'text/plain'}),
};

const PATIENCE = 120_000;

// What each way read of each target; null for an attempt of which the browser never told that it is over.
async function attack(targets) {
  const attempts = Object.entries(WAYS).flatMap(([way, go]) => targets.map(target => [way, target, go]));
  return Promise.all(attempts.map(async ([way, target, go]) => {
    const late = new Promise(resolve => setTimeout(() => resolve(null), PATIENCE));
    return [way, target.url, await Promise.race([go(target), late])];
  }));
}
