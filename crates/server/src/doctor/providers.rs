//! Whether the providers of sign-in answer.

use futures::future::join_all;

use super::{Complaint, Level};
use crate::config::AccessConfig;
use crate::providers::ProviderSettings;

/// Asks all of them for what they publish of themselves and for their keys.
pub async fn providers(access: &AccessConfig) -> Vec<Complaint> {
    let asked = access.providers.iter().map(ask);
    join_all(asked).await.into_iter().flatten().collect()
}

async fn ask(settings: &ProviderSettings) -> Option<Complaint> {
    let about = format!("access.provider `{}`", settings.name);
    let complaint = Complaint::new("E-SIGN-001", Level::Error, about);
    let why = match settings.provider() {
        Ok(provider) => provider.check().await.err()?.to_string(),
        Err(why) => why,
    };
    let todo = format!(
        "open {}/.well-known/openid-configuration from this machine; compare `issuer` letter by letter",
        settings.issuer.trim_end_matches('/')
    );
    Some(complaint.what(why).todo(todo))
}
