// Decides at the edge who gets in while there are more people than the drive can serve (CloudFront Functions, runtime
// 2.0, viewer request). Three values in the key value store, changed within seconds and read by every request:
//
//   admit_percent   "0" to "100": how many of a hundred visitors are let in; absent: all
//   countries_off   "CN,BR": visitors from these countries wait; needs the header CloudFront-Viewer-Country
//   banner          a sentence for everybody, served as /banner.json
//
// It fails open: a value that is absent, unreadable or nonsense never turns anybody away. Whoever holds a signed link
// was admitted when it was made.
import cf from 'cloudfront';

const store = cf.kvs();

// Seconds a refused visitor is asked to wait; spread, so that those refused together do not return together.
const SHORTEST_WAIT = 60;
const LONGEST_WAIT = 180;

// Everyone's luck changes with the hour: with 80 percent admitted nobody is locked out for a whole day.
const TURN = 3600 * 1000;

async function handler(event) {
    const request = event.request;
    try {
        if (request.uri === '/banner.json') {
            return answerBanner(await read('banner'));
        }
        if (request.querystring['Key-Pair-Id']) {
            return request;
        }
        if (isCountryOff(await read('countries_off'), request.headers['cloudfront-viewer-country'])) {
            return refuse('This service is not available in your country at the moment.');
        }
        if (!isAdmitted(await read('admit_percent'), event.viewer.ip)) {
            return refuse('Very many people are here at the moment. Please come back in a few minutes.');
        }
    } catch (error) {
        console.log('admission failed open: ' + error);
    }
    return request;
}

// One after the other with await: promise combinators can exceed a function's memory (CloudFront Developer Guide,
// "Helper methods for key value stores").
async function read(name) {
    try {
        return await store.get(name);
    } catch (error) {
        return '';
    }
}

function isCountryOff(countries, header) {
    if (!countries || !header) {
        return false;
    }
    const country = header.value.toUpperCase();
    return countries.split(',').some((off) => off.trim().toUpperCase() === country);
}

function isAdmitted(percent, visitor) {
    if (!/^\d{1,3}$/.test(percent)) {
        return true;
    }
    // The same visitor meets the same answer for an hour: reloading must not be a way in, nor a way to be thrown out.
    return place(visitor + '/' + Math.floor(Date.now() / TURN)) < Number(percent);
}

// 0 to 99, evenly spread (FNV-1a with a final mix).
function place(text) {
    let hash = 2166136261;
    for (let i = 0; i < text.length; i++) {
        hash ^= text.charCodeAt(i);
        hash = (hash + (hash << 1) + (hash << 4) + (hash << 7) + (hash << 8) + (hash << 24)) >>> 0;
    }
    hash ^= hash >>> 15;
    return (hash >>> 0) % 100;
}

function answerBanner(banner) {
    return {
        statusCode: 200,
        statusDescription: 'OK',
        headers: {
            'content-type': { value: 'application/json' },
            'cache-control': { value: 'public, max-age=30' },
        },
        body: JSON.stringify({ banner: banner || '' }),
    };
}

function refuse(sentence) {
    const wait = SHORTEST_WAIT + Math.floor(Math.random() * (LONGEST_WAIT - SHORTEST_WAIT + 1));
    return {
        statusCode: 503,
        statusDescription: 'Service Unavailable',
        headers: {
            'content-type': { value: 'text/html; charset=utf-8' },
            'cache-control': { value: 'no-store' },
            'retry-after': { value: String(wait) },
        },
        body:
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">' +
            '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Please wait</title></head>' +
            '<body><main><h1>Please wait</h1><p>' + sentence + '</p>' +
            '<p>Your files are safe, and what you bought is yours.</p></main></body></html>',
    };
}
