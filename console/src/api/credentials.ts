/** Sources and services: both are let in by a token, by a certificate, or by both. */
import { api, ask } from "./client";

export interface Holder {
  kind: "source" | "service";
  id: string;
  name: string;
}

/** Its client certificates, newest first. */
export const certificatesOf = ({ kind, id }: Holder, signal: AbortSignal) => {
  const asked = { params: { path: { id } }, signal };
  return kind === "source"
    ? ask(api.GET("/api/v1/sources/{id}/certificates", asked))
    : ask(api.GET("/api/v1/services/{id}/certificates", asked));
};

/** Certifies the key of a request (PKCS #10, PEM). */
export const certify = ({ kind, id }: Holder, request: string, days: number | null) => {
  const asked = { params: { path: { id } }, body: { request, days } };
  return kind === "source"
    ? ask(api.POST("/api/v1/sources/{id}/certificates", asked))
    : ask(api.POST("/api/v1/services/{id}/certificates", asked));
};

export const revoke = ({ kind, id }: Holder, fingerprint: string) => {
  const asked = { params: { path: { id, fingerprint } } };
  return kind === "source"
    ? ask(api.DELETE("/api/v1/sources/{id}/certificates/{fingerprint}", asked))
    : ask(api.DELETE("/api/v1/services/{id}/certificates/{fingerprint}", asked));
};
