//! HTTPS: the house's own authority is trusted when named, and nobody else is.
#![allow(clippy::unwrap_used, missing_docs, reason = "test code")]

mod common;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use common::{NOW, Names, delivery};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use ringfence_respond::{AllowList, Guard, SendError, SenderConfig, Sent, WebhookSender};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

struct Tls(TcpListener, TlsAcceptor);

impl axum::serve::Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, peer) = self.0.accept().await.unwrap();
            // A handshake that the client breaks off is part of these tests.
            if let Ok(stream) = self.1.accept(stream).await {
                return (stream, peer);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// An HTTPS receiver named `hooks.example`, and the PEM of the authority behind it.
async fn receiver() -> (SocketAddr, Vec<u8>) {
    let authority_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(params, authority_key);
    let key = KeyPair::generate().unwrap();
    let names = vec!["hooks.example".to_owned()];
    let certificate = CertificateParams::new(names)
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tls = Tls(listener, TlsAcceptor::from(Arc::new(config)));
    let router = Router::new().route("/", post(async || "ok"));
    tokio::spawn(async move { axum::serve(tls, router).await });
    (address, authority.pem().into_bytes())
}

fn sender(extra_ca_pem: Option<Vec<u8>>) -> WebhookSender<Names> {
    let guard = Guard::new(AllowList::parse(["127.0.0.0/8"]).unwrap());
    let names = Names::of(&[
        ("hooks.example", &["127.0.0.1"]),
        ("other.example", &["127.0.0.1"]),
    ]);
    let config = SenderConfig {
        extra_ca_pem,
        ..SenderConfig::default()
    };
    WebhookSender::with_resolver(guard, config, names).unwrap()
}

#[tokio::test]
async fn a_named_authority_is_trusted() {
    let (address, authority) = receiver().await;
    let url = format!("https://hooks.example:{}/", address.port());
    let sent = sender(Some(authority)).send(&delivery(url), NOW).await;
    assert_eq!(sent, Ok(Sent { status: 200 }));
}

#[tokio::test]
async fn an_unknown_authority_and_another_name_are_refused() {
    let (address, authority) = receiver().await;
    let url = |host: &str| format!("https://{host}:{}/", address.port());
    let unknown = sender(None)
        .send(&delivery(url("hooks.example")), NOW)
        .await;
    assert!(matches!(unknown, Err(SendError::Tls(_))), "{unknown:?}");
    let other = sender(Some(authority))
        .send(&delivery(url("other.example")), NOW)
        .await;
    assert!(matches!(other, Err(SendError::Tls(_))), "{other:?}");
}
