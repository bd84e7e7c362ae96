"""What leaves the portal: downloads, feeds, site maps, pictures beside links, files for papers."""
