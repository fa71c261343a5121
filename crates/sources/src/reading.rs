//! From bytes of a known format to events: which reader of the normaliser is asked.

use std::sync::Arc;

use ringfence_capture::hep::{self, ProtoType};
use ringfence_event::{Event, Origin, RawRecord, Time};
use ringfence_normalise::{
    Batch, Normaliser, Outcome, Position, Reject, RejectCode, SipPacket, Transport, sip_event,
};

use crate::sink::{Format, Incoming};

/// IP protocol numbers in HEP's chunk 0x0002 (IANA assigned numbers).
const TCP: u8 = 6;
const TLS_PORT: u16 = 5061;

/// Reads one incoming body or record.
pub(crate) fn read(
    normaliser: &Normaliser,
    origin: &Arc<Origin>,
    format: Format,
    incoming: &Incoming,
) -> Batch {
    let record = RawRecord {
        origin,
        received: incoming.received,
        peer: incoming.peer,
        bytes: &incoming.bytes,
    };
    match format {
        Format::Json => normaliser.json_body(&record),
        Format::Hec => normaliser.hec_body(&record),
        Format::Document => one(incoming, normaliser.document(&record)),
        Format::Otlp(encoding) => normaliser.otlp_body(&record, encoding),
        Format::Cdr => normaliser.csv_body(&record),
        Format::Syslog => one(incoming, normaliser.normalise(&record)),
        Format::Hep => one(incoming, read_hep(normaliser, origin, &record)),
        Format::Sip => one(incoming, read_sip(normaliser, origin, incoming)),
    }
}

fn one(incoming: &Incoming, result: Result<Vec<Event>, Reject>) -> Batch {
    Batch {
        outcomes: vec![Outcome {
            span: 0..incoming.bytes.len(),
            result,
        }],
    }
}

fn read_hep(
    normaliser: &Normaliser,
    origin: &Origin,
    record: &RawRecord<'_>,
) -> Result<Vec<Event>, Reject> {
    let packet = hep::decode(record.bytes)
        .map_err(|e| Reject::at(RejectCode::Syntax, record.bytes, e.offset, e.to_string()))?;
    if packet.proto_type != ProtoType::SIP {
        // Reports about media, keep-alives of agents: kept as what they say they are.
        let inner = RawRecord {
            bytes: &packet.payload,
            ..record.clone()
        };
        return normaliser.normalise(&inner);
    }
    let transport = match packet.ip_protocol {
        TCP if packet.src_port == TLS_PORT || packet.dst_port == TLS_PORT => Transport::Tls,
        TCP => Transport::Tcp,
        _ => Transport::Udp,
    };
    let ms = i64::try_from(packet.time_ns / 1_000_000).unwrap_or(i64::MAX);
    let sip = SipPacket {
        time: (ms > 0).then_some(Time(ms)),
        src: (packet.src, packet.src_port).into(),
        dst: (packet.dst, packet.dst_port).into(),
        transport,
        payload: &packet.payload,
    };
    let event = sip_event(origin, record.received, &sip, normaliser.settings().skew)?;
    Ok(event.into_iter().collect())
}

fn read_sip(
    normaliser: &Normaliser,
    origin: &Origin,
    incoming: &Incoming,
) -> Result<Vec<Event>, Reject> {
    let Some(flow) = incoming.flow else {
        let reason = "a SIP message without the addresses of its packet";
        return Err(Reject::new(RejectCode::Syntax, Position::START, reason));
    };
    let transport = match flow.transport {
        "tls" => Transport::Tls,
        "tcp" => Transport::Tcp,
        _ => Transport::Udp,
    };
    let sip = SipPacket {
        time: Some(incoming.received),
        src: flow.src,
        dst: flow.dst,
        transport,
        payload: &incoming.bytes,
    };
    let event = sip_event(origin, incoming.received, &sip, normaliser.settings().skew)?;
    Ok(event.into_iter().collect())
}
