// What the scripts share: the APIs that graphql_test.go started, and asking them.
export const apis = JSON.parse(process.env.APIS);

/** fetch with the admin secret. */
export const fetchAsAdmin = (url, options = {}) =>
  fetch(url, { ...options, headers: { ...options.headers, "x-hasura-admin-secret": process.env.ADMIN_SECRET } });

/** The data a query gives. */
export const ask = async (url, query, headers = {}) => {
  const response = await fetchAsAdmin(url, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify({ query }) });
  const body = await response.json();
  if (body.errors) throw new Error(`${url}: ${JSON.stringify(body.errors)}`);
  return body.data;
};
