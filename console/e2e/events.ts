/** Events that tests and measurements send. */

/** A failed log-in as an OCSF Authentication event, on a line of its own. */
export const failedLogOn = (uid: string, user: string, ip: string, time: number): string =>
  JSON.stringify({
    class_uid: 3002,
    activity_id: 1,
    severity_id: 1,
    time,
    status_id: 2,
    metadata: { version: "1.8.0", uid, product: { name: "sshd" } },
    user: { name: user },
    src_endpoint: { ip },
  });
