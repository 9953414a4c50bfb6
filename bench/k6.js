// k6 posts the multipart form in BODY with the Content-Type in TYPE to URL.
import http from 'k6/http';

const body = open(__ENV.BODY, 'b');
const params = { headers: { 'Content-Type': __ENV.TYPE } };

export default function () {
  http.post(__ENV.URL, body, params);
}
