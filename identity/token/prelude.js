// What a custom-claims script finds around it. Evaluated in a fresh engine before the script; the value of this
// expression is {run, deliver}, which only the host holds. The host functions are taken off the global object first,
// and what the shims rely on is captured here, so that a script can disturb nobody but itself.
(() => {
  'use strict';
  const host = {};
  for (const name of ['__settle', '__fetch', '__timer', '__log', '__url', '__random']) {
    host[name.slice(2)] = globalThis[name];
    delete globalThis[name];
  }
  const { parse, stringify } = JSON;
  const define = (name, value) =>
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });

  // --- timers and other answers of the host -------------------------------------------------------------------
  const waiting = new Map();
  let sequence = 0;
  const timer = (repeat) => (callback, delay = 0, ...args) => {
    if (typeof callback !== 'function') throw new TypeError('The "callback" argument must be of type function');
    const id = ++sequence;
    const arm = () => {
      waiting.set(id, () => { if (repeat) arm(); else waiting.delete(id); callback(...args); });
      host.timer(id, Math.max(repeat ? 1 : 0, Number(delay) || 0));
    };
    arm();
    return id;
  };
  const clear = (id) => { waiting.delete(id); };
  define('setTimeout', timer(false));
  define('setInterval', timer(true));
  define('clearTimeout', clear);
  define('clearInterval', clear);
  define('setImmediate', (callback, ...args) => timer(false)(callback, 0, ...args));
  define('queueMicrotask', (callback) => { Promise.resolve().then(callback); });

  // --- console ----------------------------------------------------------------------------------------------------
  const show = (value) => {
    if (typeof value === 'string') return value;
    if (value instanceof Error) return String(value);
    try { return stringify(value) ?? String(value); } catch { return String(value); }
  };
  const log = (level) => (...args) => { host.log(level, args.map(show).join(' ').slice(0, 1000)); };
  define('console', { log: log('info'), info: log('info'), debug: log('debug'), warn: log('warn'), error: log('error'), trace: log('debug') });

  // --- text ---------------------------------------------------------------------------------------------------------
  class TextEncoder {
    get encoding() { return 'utf-8'; }
    encode(text = '') {
      const bytes = [];
      for (const char of String(text)) {
        let code = char.codePointAt(0);
        if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
        if (code < 0x80) bytes.push(code);
        else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
        else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
        else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
      }
      return new Uint8Array(bytes);
    }
  }
  class TextDecoder {
    constructor(label = 'utf-8') {
      if (!/^(utf-?8|unicode-1-1-utf-8)$/i.test(label)) throw new RangeError(`The "${label}" encoding is not supported`);
    }
    get encoding() { return 'utf-8'; }
    decode(input = new Uint8Array()) {
      const bytes = ArrayBuffer.isView(input)
        ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength) : new Uint8Array(input);
      let text = '';
      for (let i = 0; i < bytes.length;) {
        const first = bytes[i++];
        if (first < 0x80) { text += String.fromCharCode(first); continue; }
        const more = first >= 0xf0 && first < 0xf5 ? 3 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xc2 && first < 0xe0 ? 1 : 0;
        let code = more === 3 ? first & 7 : more === 2 ? first & 15 : first & 31;
        let read = 0;
        while (read < more && (bytes[i] & 0xc0) === 0x80) { code = (code << 6) | (bytes[i++] & 63); read++; }
        const whole = more > 0 && read === more && !(more === 2 && code < 0x800) && !(more === 3 && (code < 0x10000 || code > 0x10ffff))
          && !(code >= 0xd800 && code <= 0xdfff);
        text += whole ? String.fromCodePoint(code) : '\ufffd';
      }
      return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    }
  }
  define('TextEncoder', TextEncoder);
  define('TextDecoder', TextDecoder);

  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  define('btoa', (input) => {
    const text = String(input);
    let out = '';
    for (let i = 0; i < text.length; i += 3) {
      const codes = [text.charCodeAt(i), text.charCodeAt(i + 1), text.charCodeAt(i + 2)];
      if (codes.some((code) => code > 255)) throw new Error('Invalid character');
      const [a, b, c] = codes;
      out += alphabet[a >> 2] + alphabet[((a & 3) << 4) | (b >> 4)]
        + (i + 1 < text.length ? alphabet[((b & 15) << 2) | (c >> 6)] : '=') + (i + 2 < text.length ? alphabet[c & 63] : '=');
    }
    return out;
  });
  define('atob', (input) => {
    const text = String(input).replace(/[\t\n\f\r ]/g, '').replace(/={1,2}$/, '');
    if (text.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(text)) throw new Error('The string to be decoded is not correctly encoded.');
    let out = '';
    let bits = 0;
    let held = 0;
    for (const char of text) {
      held = ((held << 6) | alphabet.indexOf(char)) & 0xffffff;
      bits += 6;
      if (bits >= 8) { bits -= 8; out += String.fromCharCode((held >> bits) & 255); }
    }
    return out;
  });

  // --- URL ------------------------------------------------------------------------------------------------------------
  const escape = (text) => encodeURIComponent(text).replace(/%20/g, '+').replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const unescape = (text) => { const spaced = text.replace(/\+/g, ' '); try { return decodeURIComponent(spaced); } catch { return spaced; } };
  class URLSearchParams {
    #pairs = [];
    #changed = () => {};
    constructor(init = '', changed) {
      if (typeof changed === 'function') this.#changed = changed;
      if (typeof init === 'string') {
        for (const part of init.replace(/^\?/, '').split('&')) {
          if (part === '') continue;
          const at = part.indexOf('=');
          this.#pairs.push(at < 0 ? [unescape(part), ''] : [unescape(part.slice(0, at)), unescape(part.slice(at + 1))]);
        }
      } else if (init && typeof init[Symbol.iterator] === 'function') {
        for (const [key, value] of init) this.#pairs.push([String(key), String(value)]);
      } else if (init && typeof init === 'object') {
        for (const key of Object.keys(init)) this.#pairs.push([key, String(init[key])]);
      }
    }
    get size() { return this.#pairs.length; }
    append(key, value) { this.#pairs.push([String(key), String(value)]); this.#changed(); }
    delete(key) { this.#pairs = this.#pairs.filter(([name]) => name !== String(key)); this.#changed(); }
    get(key) { return this.#pairs.find(([name]) => name === String(key))?.[1] ?? null; }
    getAll(key) { return this.#pairs.filter(([name]) => name === String(key)).map(([, value]) => value); }
    has(key) { return this.#pairs.some(([name]) => name === String(key)); }
    set(key, value) {
      const at = this.#pairs.findIndex(([name]) => name === String(key));
      if (at < 0) this.#pairs.push([String(key), String(value)]);
      else {
        this.#pairs[at] = [String(key), String(value)];
        this.#pairs = this.#pairs.filter(([name], i) => i <= at || name !== String(key));
      }
      this.#changed();
    }
    sort() { this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)); this.#changed(); }
    forEach(callback, self) { for (const [key, value] of this.#pairs) callback.call(self, value, key, this); }
    *entries() { yield* this.#pairs.map((pair) => [...pair]); }
    *keys() { for (const [key] of this.#pairs) yield key; }
    *values() { for (const [, value] of this.#pairs) yield value; }
    [Symbol.iterator]() { return this.entries(); }
    toString() { return this.#pairs.map(([key, value]) => `${escape(key)}=${escape(value)}`).join('&'); }
  }
  class URL {
    #parts;
    #query;
    constructor(input, base) {
      const parsed = host.url(String(input), base === undefined ? '' : String(base));
      if (parsed === '') { const error = new TypeError('Invalid URL'); error.code = 'ERR_INVALID_URL'; throw error; }
      this.#parts = parse(parsed);
      this.#query = new URLSearchParams(this.#parts.search, () => {
        const text = this.#query.toString();
        this.#parts.search = text === '' ? '' : `?${text}`;
      });
    }
    static canParse(input, base) { return host.url(String(input), base === undefined ? '' : String(base)) !== ''; }
    get protocol() { return this.#parts.protocol; }
    get username() { return this.#parts.username; }
    get password() { return this.#parts.password; }
    get hostname() { return this.#parts.hostname; }
    get port() { return this.#parts.port; }
    get host() { return this.#parts.port === '' ? this.#parts.hostname : `${this.#parts.hostname}:${this.#parts.port}`; }
    get origin() { return this.#parts.slashes ? `${this.#parts.protocol}//${this.host}` : 'null'; }
    get pathname() { return this.#parts.pathname; }
    set pathname(value) { this.#parts.pathname = String(value).startsWith('/') ? String(value) : `/${value}`; }
    get search() { return this.#parts.search; }
    set search(value) {
      const text = String(value).replace(/^\?/, '');
      this.#query = new URLSearchParams(text, () => {
        const next = this.#query.toString();
        this.#parts.search = next === '' ? '' : `?${next}`;
      });
      this.#parts.search = text === '' ? '' : `?${text}`;
    }
    get searchParams() { return this.#query; }
    get hash() { return this.#parts.hash; }
    set hash(value) { const text = String(value).replace(/^#/, ''); this.#parts.hash = text === '' ? '' : `#${text}`; }
    get href() {
      const p = this.#parts;
      const user = p.username === '' ? '' : `${p.username}${p.password === '' ? '' : `:${p.password}`}@`;
      return `${p.protocol}${p.slashes ? `//${user}${this.host}` : ''}${p.pathname}${p.search}${p.hash}`;
    }
    toString() { return this.href; }
    toJSON() { return this.href; }
  }
  define('URLSearchParams', URLSearchParams);
  define('URL', URL);

  // --- abort ---------------------------------------------------------------------------------------------------------------
  class AbortSignal {
    aborted = false;
    reason = undefined;
    onabort = null;
    #listeners = [];
    static timeout(delay) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(named('TimeoutError', 'The operation was aborted due to timeout')), delay);
      return controller.signal;
    }
    static abort(reason) { const controller = new AbortController(); controller.abort(reason); return controller.signal; }
    addEventListener(type, callback) { if (type === 'abort') this.#listeners.push(callback); }
    removeEventListener(type, callback) { this.#listeners = this.#listeners.filter((one) => one !== callback); }
    throwIfAborted() { if (this.aborted) throw this.reason; }
    static fire(signal, reason) {
      if (signal.aborted) return;
      signal.aborted = true;
      signal.reason = reason;
      for (const callback of [signal.onabort, ...signal.#listeners]) callback?.call(signal, { type: 'abort', target: signal });
    }
  }
  const fire = AbortSignal.fire;
  delete AbortSignal.fire;
  const named = (name, message) => Object.assign(new Error(message), { name });
  class AbortController {
    signal = new AbortSignal();
    abort(reason = named('AbortError', 'This operation was aborted')) { fire(this.signal, reason); }
  }
  define('AbortSignal', AbortSignal);
  define('AbortController', AbortController);

  // --- fetch ------------------------------------------------------------------------------------------------------------
  class Headers {
    #map = new Map();
    constructor(init) {
      if (!init) return;
      const pairs = typeof init.entries === 'function' ? init.entries() : Array.isArray(init) ? init : Object.entries(init);
      for (const [key, value] of pairs) this.append(key, value);
    }
    append(key, value) { const name = String(key).toLowerCase(); this.#map.set(name, this.#map.has(name) ? `${this.#map.get(name)}, ${value}` : String(value)); }
    set(key, value) { this.#map.set(String(key).toLowerCase(), String(value)); }
    get(key) { return this.#map.get(String(key).toLowerCase()) ?? null; }
    has(key) { return this.#map.has(String(key).toLowerCase()); }
    delete(key) { this.#map.delete(String(key).toLowerCase()); }
    forEach(callback, self) { for (const [key, value] of this.#map) callback.call(self, value, key, this); }
    entries() { return this.#map.entries(); }
    keys() { return this.#map.keys(); }
    values() { return this.#map.values(); }
    [Symbol.iterator]() { return this.entries(); }
  }
  class Response {
    #body;
    constructor({ status, statusText, url, headers, body }) {
      Object.assign(this, { status, statusText, url, ok: status >= 200 && status < 300, redirected: false, type: 'basic', headers: new Headers(headers) });
      this.#body = body;
    }
    async text() { return this.#body; }
    async json() { return parse(this.#body); }
    async arrayBuffer() { return new TextEncoder().encode(this.#body).buffer; }
  }
  define('Headers', Headers);
  define('fetch', (resource, options = {}) => new Promise((resolve, reject) => {
    const id = ++sequence;
    const headers = new Headers(options?.headers);
    let body = options?.body;
    if (body instanceof URLSearchParams) {
      if (!headers.has('content-type')) headers.set('content-type', 'application/x-www-form-urlencoded;charset=UTF-8');
    } else if (typeof body === 'string' && !headers.has('content-type')) headers.set('content-type', 'text/plain;charset=UTF-8');
    const signal = options?.signal;
    if (signal?.aborted) { reject(signal.reason); return; }
    signal?.addEventListener('abort', () => { waiting.delete(id); reject(signal.reason); });
    waiting.set(id, (answer) => {
      waiting.delete(id);
      const { error, ...response } = parse(answer);
      if (error === undefined) resolve(new Response(response));
      else { const failure = new TypeError('fetch failed'); failure.cause = new Error(error); reject(failure); }
    });
    host.fetch(id, stringify({
      url: resource instanceof URL ? resource.href : String(resource), method: String(options?.method ?? 'GET').toUpperCase(),
      headers: [...headers], body: body === undefined || body === null ? '' : String(body),
    }));
  }));

  // --- the rest ----------------------------------------------------------------------------------------------------------
  define('crypto', {
    getRandomValues(array) {
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      const hex = host.random(Math.min(bytes.length, 65536));
      for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(hex.slice(2 * i, 2 * i + 2), 16);
      return array;
    },
    randomUUID() {
      const b = this.getRandomValues(new Uint8Array(16));
      b[6] = (b[6] & 15) | 64;
      b[8] = (b[8] & 63) | 128;
      const hex = [...b].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    },
  });

  const started = Date.now();
  define('performance', { timeOrigin: started, now: () => Date.now() - started });

  const notSerializable = 'The script return value must be JSON-serializable.';
  class CloneError extends Error {}
  // Copies what the structured clone algorithm would, and refuses what it would refuse (functions, symbols).
  const clone = (value, seen = new Map()) => {
    if (typeof value === 'function' || typeof value === 'symbol') throw new CloneError(notSerializable);
    if (typeof value !== 'object' || value === null) return value;
    if (seen.has(value)) return seen.get(value);
    if (value instanceof Date) return new Date(value.getTime());
    const copy = Array.isArray(value) ? [] : value instanceof Map ? new Map() : value instanceof Set ? new Set() : {};
    seen.set(value, copy);
    if (value instanceof Map) for (const [key, item] of value) copy.set(clone(key, seen), clone(item, seen));
    else if (value instanceof Set) for (const item of value) copy.add(clone(item, seen));
    else for (const key of Object.keys(value)) Object.defineProperty(copy, key, { value: clone(value[key], seen), writable: true, enumerable: true, configurable: true });
    return copy;
  };
  define('structuredClone', (value) => clone(value));

  // --- the call ----------------------------------------------------------------------------------------------------------
  const denials = new WeakMap();
  class AccessDenied extends Error {}
  const settle = host.settle;
  const finish = (result) => {
    let text;
    try { text = stringify(clone(result)); } catch (error) {
      return settle('type', error instanceof CloneError || error instanceof TypeError ? notSerializable : String(error?.message ?? error));
    }
    if (typeof result !== 'object' || result === null || Array.isArray(result)) return settle('type', 'Invalid input');
    settle('ok', text);
  };
  const fail = (error) => {
    if (typeof error === 'object' && error !== null && denials.has(error)) return settle('denied', denials.get(error));
    let message;
    let stack;
    try { message = String(error?.message ?? error); } catch { message = 'Unknown error'; }
    try { stack = String(error?.stack ?? ''); } catch { stack = ''; }
    settle('error', message, stack);
  };
  return {
    // Keeps the engine above the smallest memory limit it can be given, so that this limit means: no allocation at all.
    ballast: new Uint8Array(512 * 1024),
    run(callee, input) {
      const payload = parse(input);
      payload.api = {
        denyAccess(message = 'Access denied') {
          const signal = new AccessDenied(String(message));
          denials.set(signal, String(message));
          throw signal;
        },
      };
      try { Promise.resolve(callee(payload)).then(finish, fail); } catch (error) { fail(error); }
    },
    deliver(id, answer) { waiting.get(id)?.(answer); },
  };
})();
