//! Tables and properties of the address calculator.

use super::*;
use proptest::prelude::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn net(text: &str) -> Subnet {
    Subnet::parse(text, "").unwrap()
}

#[test]
fn networks_as_a_course_works_them_out() {
    // typed, mask, network, broadcast, first host, last host, hosts
    let table = [
        ("192.168.1.10/24", "255.255.255.0", "192.168.1.0", Some("192.168.1.255"), "192.168.1.1", "192.168.1.254", 254),
        ("192.168.1.130/26", "255.255.255.192", "192.168.1.128", Some("192.168.1.191"), "192.168.1.129", "192.168.1.190", 62),
        ("10.1.2.3/8", "255.0.0.0", "10.0.0.0", Some("10.255.255.255"), "10.0.0.1", "10.255.255.254", 16_777_214),
        ("172.16.5.4/12", "255.240.0.0", "172.16.0.0", Some("172.31.255.255"), "172.16.0.1", "172.31.255.254", 1_048_574),
        ("192.0.2.4/31", "255.255.255.254", "192.0.2.4", None, "192.0.2.4", "192.0.2.5", 2),
        ("192.0.2.4/32", "255.255.255.255", "192.0.2.4", None, "192.0.2.4", "192.0.2.4", 1),
        ("1.2.3.4/0", "0.0.0.0", "0.0.0.0", Some("255.255.255.255"), "0.0.0.1", "255.255.255.254", 4_294_967_294),
        ("2001:db8::5/126", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffc", "2001:db8::4", None, "2001:db8::5", "2001:db8::7", 3),
        ("2001:db8::5/127", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", "2001:db8::4", None, "2001:db8::4", "2001:db8::5", 2),
        ("::1/128", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::1", None, "::1", "::1", 1),
    ];
    for (typed, mask, network, broadcast, first, last, hosts) in table {
        let subnet = net(typed);
        assert_eq!((subnet.mask(), subnet.network()), (ip(mask), ip(network)), "{typed}");
        assert_eq!(subnet.broadcast().map(IpAddr::from), broadcast.map(ip), "{typed}");
        assert_eq!(subnet.hosts(), (ip(first), ip(last)), "{typed}");
        assert_eq!(subnet.host_count(), Some(hosts), "{typed}");
        assert_eq!(subnet.to_string(), typed);
    }
    assert_eq!((net("::/0").size().addresses(), net("::/0").host_count()), (None, None));
    assert_eq!(net("fe80::1/64").size().addresses(), Some(1 << 64));
}

#[test]
fn what_people_type() {
    let same = Subnet::new(ip("192.168.1.10"), 24).unwrap();
    for (address, mask) in [
        ("192.168.1.10/24", ""),
        ("192.168.1.10", "24"),
        ("192.168.1.10", "/24"),
        (" 192.168.1.10 ", " 255.255.255.0 "),
        ("192.168.1.10/255.255.255.0", "8"),
        ("192.168.1.10", ""),
    ] {
        assert_eq!(Subnet::parse(address, mask), Ok(same), "{address} {mask}");
    }
    assert_eq!(net("[fe80::1%eth0]").to_string(), "fe80::1/64");
    assert_eq!((net("10.0.0.1").prefix(), net("172.16.0.1").prefix(), net("224.0.0.1").prefix()), (8, 16, 32));
    let table = [
        ("", "", SubnetError::Empty),
        ("192.168.1", "", SubnetError::NotAnAddress("192.168.1".into())),
        ("192.168.1.256", "", SubnetError::NotAnAddress("192.168.1.256".into())),
        // Leading zeros are octal to some programs and decimal to others.
        ("192.168.01.1", "", SubnetError::NotAnAddress("192.168.01.1".into())),
        ("1.2.3.4", "33", SubnetError::TooLong { length: 33, most: 32 }),
        ("::1", "129", SubnetError::TooLong { length: 129, most: 128 }),
        ("1.2.3.4", "99999999999", SubnetError::NotAMask("99999999999".into())),
        ("1.2.3.4", "+8", SubnetError::NotAMask("+8".into())),
        ("1.2.3.4/", "", SubnetError::NotAMask(String::new())),
        ("1.2.3.4", "255.0.255.0", SubnetError::Holes(Ipv4Addr::new(255, 0, 255, 0))),
        ("1.2.3.4", "255.255.0", SubnetError::NotAMask("255.255.0".into())),
        ("::1", "255.255.255.0", SubnetError::MaskOnV6),
    ];
    for (address, mask, problem) in table {
        assert_eq!(Subnet::parse(address, mask), Err(problem), "{address} {mask}");
    }
}

#[test]
fn what_ranges_are_for() {
    let table = [
        ("0.0.0.0", Use::Unspecified, 1122),
        ("0.1.2.3", Use::ThisNetwork, 791),
        ("9.255.255.255", Use::Global, 4632),
        ("10.0.0.0", Use::Private, 1918),
        ("100.64.0.1", Use::Shared, 6598),
        ("100.128.0.0", Use::Global, 4632),
        ("127.8.9.10", Use::Loopback, 1122),
        ("169.254.3.4", Use::LinkLocal, 3927),
        ("172.15.255.255", Use::Global, 4632),
        ("172.31.255.255", Use::Private, 1918),
        ("172.32.0.0", Use::Global, 4632),
        ("192.168.255.255", Use::Private, 1918),
        ("203.0.113.9", Use::Documentation, 5737),
        ("198.19.255.255", Use::Benchmarking, 2544),
        ("239.255.255.255", Use::Multicast, 5771),
        ("255.255.255.254", Use::Reserved, 1112),
        ("255.255.255.255", Use::LimitedBroadcast, 919),
        ("::", Use::Unspecified, 4291),
        ("::1", Use::Loopback, 4291),
        ("::2", Use::Reserved, 4291),
        ("::ffff:127.0.0.1", Use::Mapped, 4291),
        ("64:ff9b::8.8.8.8", Use::Translated, 6052),
        ("2001:db8::1", Use::Documentation, 3849),
        ("3fff:fff::1", Use::Documentation, 9637),
        ("2400:3200::1", Use::Global, 4291),
        ("2002:102:304::1", Use::SixToFour, 3056),
        ("fd00::1", Use::Private, 4193),
        ("fe80::1", Use::LinkLocal, 4291),
        ("ff02::1", Use::Multicast, 4291),
    ];
    for (address, used_for, rfc) in table {
        let range = range_of(ip(address));
        assert_eq!((range.used_for, range.rfc), (used_for, rfc), "{address}");
    }
    for (address, letter) in [("1.0.0.1", 'A'), ("128.0.0.1", 'B'), ("192.0.0.1", 'C'), ("224.0.0.1", 'D'), ("240.0.0.1", 'E')] {
        assert_eq!(class(address.parse().unwrap()).letter(), letter, "{address}");
    }
}

#[test]
fn whose_hardware_address_a_frame_carries() {
    let gateway = Some(ip("192.168.1.1"));
    let table = [
        ("192.168.1.10/24", "192.168.1.20", gateway, Hop::Direct),
        ("192.168.1.10/24", "192.168.2.20", gateway, Hop::Gateway { gateway: ip("192.168.1.1") }),
        ("192.168.1.10/16", "192.168.2.20", gateway, Hop::Direct),
        ("192.168.1.10/24", "192.168.2.20", None, Hop::Nowhere),
        ("192.168.1.10/24", "192.168.1.10", gateway, Hop::Inside),
        ("192.168.1.10/24", "127.0.0.1", gateway, Hop::Inside),
        ("192.168.1.10/24", "192.168.1.255", gateway, Hop::Broadcast),
        ("192.168.1.10/24", "255.255.255.255", None, Hop::Broadcast),
        ("192.168.1.10/24", "239.129.2.3", None, Hop::Group { mac: [0x01, 0x00, 0x5E, 0x01, 2, 3] }),
        ("192.168.1.10/24", "169.254.9.9", gateway, Hop::Direct),
        ("2001:db8::10/64", "2001:db8::20", None, Hop::Direct),
        ("2001:db8::10/64", "2001:db8:1::20", Some(ip("fe80::1")), Hop::Gateway { gateway: ip("fe80::1") }),
        ("2001:db8::10/64", "ff02::1:ff00:20", None, Hop::Group { mac: [0x33, 0x33, 0xFF, 0, 0, 0x20] }),
    ];
    for (own, other, gateway, expected) in table {
        assert_eq!(hop(&net(own), ip(other), gateway), Ok(expected), "{own} to {other}");
    }
    assert_eq!(hop(&net("192.168.1.10/24"), ip("::1"), None), Err(HopError::Families));
    let outside = ip("192.168.2.1");
    assert_eq!(hop(&net("192.168.1.10/24"), ip("8.8.8.8"), Some(outside)), Err(HopError::GatewayOutside(outside)));
    assert_eq!(mac_text([0x33, 0x33, 0xFF, 0, 0, 0x20]), "33:33:ff:00:00:20");
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u32::from(v4).into(),
        IpAddr::V6(v6) => v6.into(),
    }
}

proptest! {
    /// The definition itself: the network is the address AND the mask, and exactly the addresses with the same AND are in it.
    #[test]
    fn the_network_is_the_address_and_the_mask(address: u32, other: u32, prefix in 0_u8..=32) {
        let subnet = Subnet::new(Ipv4Addr::from(address).into(), prefix).unwrap();
        let mask = number(subnet.mask());
        prop_assert_eq!(number(subnet.network()), u128::from(address) & mask);
        prop_assert_eq!(subnet.contains(Ipv4Addr::from(other).into()), u128::from(address) & mask == u128::from(other) & mask);
    }

    #[test]
    fn so_it_is_with_ipv6(address: u128, other: u128, prefix in 0_u8..=128) {
        let subnet = Subnet::new(Ipv6Addr::from(address).into(), prefix).unwrap();
        let mask = number(subnet.mask());
        prop_assert_eq!(number(subnet.network()), address & mask);
        prop_assert_eq!(subnet.contains(Ipv6Addr::from(other).into()), address & mask == other & mask);
        let (first, last) = subnet.hosts();
        prop_assert!(number(first) <= number(last) && subnet.contains(first) && subnet.contains(last));
    }

    #[test]
    fn nothing_typed_panics(address in ".{0,40}", mask in ".{0,20}") {
        if let Ok(subnet) = Subnet::parse(&address, &mask) {
            let again = Subnet::parse(&subnet.to_string(), "").unwrap();
            prop_assert_eq!(again, subnet);
        }
    }
}
