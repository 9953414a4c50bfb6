// Package secret takes API keys out of texts that come from outside, such as the replies and the logs of a server,
// before they are shown or kept.
//
// A server that repeats a key may escape it first, cut it, or both. So a [Redactor] looks for the key and for every
// part of it that has eight characters or more, in the text as it is and with its escapes undone: those of JSON and of
// program texts (\u0041, \x41, \"), the entities of HTML (&quot;, &#65;) and the percent signs of URLs (%41), each
// inside another if need be. What it finds becomes [key].
//
// A text must be redacted before it is cut to length: a cut can leave a part that is too short to be found.
package secret

// Published is the API key that the manual names. Everybody knows it, so it is never hidden.
const Published = "test-api-key"
