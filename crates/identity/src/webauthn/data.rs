//! The authenticator's data (WebAuthn, section 6.1): what it signs beside the browser's words.

use super::cbor::Cbor;
use super::refused::Refused;

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKUP_STATE: u8 = 0x10;
const ATTESTED: u8 = 0x40;
const EXTENSIONS: u8 = 0x80;

/// WebAuthn, section 5.1.3.
pub(crate) const MOST_ID: usize = 1023;

pub(crate) struct AuthenticatorData<'a> {
    rp_id_hash: &'a [u8; 32],
    flags: u8,
    pub(crate) sign_count: u32,
    pub(crate) attested: Option<Attested<'a>>,
}

/// A new credential (WebAuthn, section 6.5.1).
pub(crate) struct Attested<'a> {
    pub(crate) aaguid: [u8; 16],
    pub(crate) id: &'a [u8],
    /// COSE, as it stands.
    pub(crate) key: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    /// Reads all of `bytes`: nothing may stand behind what the flags announce.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Refused> {
        Self::parse(bytes).ok_or(Refused::AuthenticatorData)
    }

    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>()?;
        let (flags, rest) = rest.split_first()?;
        let (sign_count, mut rest) = rest.split_first_chunk::<4>()?;
        let mut attested = None;
        if flags & ATTESTED != 0 {
            let (aaguid, after) = rest.split_first_chunk::<16>()?;
            let (length, after) = after.split_first_chunk::<2>()?;
            let (id, after) = after.split_at_checked(u16::from_be_bytes(*length).into())?;
            let (_, behind) = Cbor::read(after)?;
            let key = after.get(..after.len() - behind.len())?;
            attested = Some(Attested {
                aaguid: *aaguid,
                id,
                key,
            });
            rest = behind;
        }
        if flags & EXTENSIONS != 0 {
            let (extensions, behind) = Cbor::read(rest)?;
            if !matches!(extensions, Cbor::Map(_)) {
                return None;
            }
            rest = behind;
        }
        rest.is_empty().then_some(Self {
            rp_id_hash,
            flags: *flags,
            sign_count: u32::from_be_bytes(*sign_count),
            attested,
        })
    }

    /// The checks that both ceremonies share: made for us, by somebody present and verified, with
    /// flags that fit together (section 7.1, steps 14 to 18; section 7.2, steps 16 to 20).
    pub(crate) fn check(&self, rp_id_hash: &[u8; 32]) -> Result<(), Refused> {
        if self.rp_id_hash != rp_id_hash {
            return Err(Refused::RelyingParty);
        }
        if self.flags & USER_PRESENT == 0 {
            return Err(Refused::NotPresent);
        }
        if self.flags & USER_VERIFIED == 0 {
            return Err(Refused::NotVerified);
        }
        if self.backup_state() && !self.backup_eligible() {
            return Err(Refused::BackupFlags);
        }
        Ok(())
    }

    pub(crate) fn backup_eligible(&self) -> bool {
        self.flags & BACKUP_ELIGIBLE != 0
    }

    pub(crate) fn backup_state(&self) -> bool {
        self.flags & BACKUP_STATE != 0
    }
}
